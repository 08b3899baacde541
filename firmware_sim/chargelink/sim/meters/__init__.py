"""What is inside a simulated electricity meter, and the line that several of them share.

clock, tariffs     local time with its drift; which tariff holds
register, demand   energy, and the greatest mean power
holdings           both as they were at a moment: now, at settlement days, frozen
parameters, access what can be set, and who may
events, relay      what happened, and the contact in the main circuit
freezes, curves    registers kept by the hour, the day, on demand; the load profile
quantities         values by the names of the catalogue; display cuts them to digits
registers          what each identifier holds, in either edition and in a vendor's
device             all that with an address; obedience obeys the control codes
faults, line       what can be wrong, and several meters on one pair of wires
hands              what people do to a meter
"""
