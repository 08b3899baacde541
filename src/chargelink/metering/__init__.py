"""The supervisor's side of metering: reads what edges sealed, with nothing of the hub that carried it.

reading   an exported lane, checked and opened
commands  `chargelink metering`
"""
