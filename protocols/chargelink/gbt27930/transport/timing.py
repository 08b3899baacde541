"""How long each side waits, in seconds (SAE J1939-21, 5.10.2.4 and 5.12.3)."""

T1 = 0.750  # responder: between two TP.DT
T2 = 1.250  # responder: from CTS to the first TP.DT
T3 = 1.250  # originator: from RTS or the last TP.DT to CTS or EndOfMsgACK
T4 = 1.050  # originator: from CTS(0) "hold" to the next CTS
REQUESTS = 3  # a request is made, then repeated twice

TYPICAL_SPACING = 0.010  # between two TP.DT of BRM (GB/T 27930, 10.1.2)
LONGEST_SPACING = 0.200  # destination-specific transfer
