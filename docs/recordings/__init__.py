"""What `docs/generate.py` writes under `docs/samples`: short recordings made by our own encoders.

`vehicle` a DC charge on CAN, `meter` an RS-485 line, `socket` radio packets of an e-bike socket with their keys,
`gateway` the UDP of the LoRa gateway that heard them. Identities, keys and times are made up, and always the same.
"""
