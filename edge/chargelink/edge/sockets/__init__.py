"""E-bike sockets of a site by radio: who may join, whose turn it is, what each is asked, what is kept.

keys      the key file: which sockets are ours
memory    what must survive: nonces, session keys' nonces, counters, written before use
plan      frequencies, power and times of the radio
remote    one socket as the edge knows it
orders    commands on their way to a socket, until answered or expired
turns     whose turn it is on the one transmitter
site      all sockets of a site, sans-I/O
diversity the same packet through several gateways, and the best way back
charges   what sockets say, turned into sessions of the ledger
reasons   why a socket stopped, in OCPP's words
"""
