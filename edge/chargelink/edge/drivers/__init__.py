"""A device each: what it is asked, what it says, whether it can be believed.

reading   a value with its source, quality and age
meters    electricity meters (DL/T 645): meter_line for their line, meter_poll, and shown_meter to look at
io_board  contactors, lock, modules and safety inputs of a charger
gun       a gun that charges cars: gun_books for the ledger, gun_view for who looks
monitor   a gun that only listens
surroundings  what drivers need of the edge
"""
