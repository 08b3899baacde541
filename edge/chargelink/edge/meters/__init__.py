"""What a person does with the meters of a line: find them, read them, trip and close their relays.

played    a procedure on a serial port
commands  `chargelink edge meters`: scan, read, relay
"""
