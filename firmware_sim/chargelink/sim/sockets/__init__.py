"""E-bike sockets that pretend, with everything around them up to the UDP of their gateway.

ebike      what is plugged in: the power that a charger draws, over a whole charge
outlet     one outlet: metering, limits, why a charge ended
flash      what a socket keeps without power
socket     a socket towards its edge
obedience  how it carries out commands
reports    what it says of itself
air        airtime, half duplex, collisions, loss
forwarder  a LoRa gateway with its packet forwarder
street     sockets, air and gateway together
keys       the key file
"""
