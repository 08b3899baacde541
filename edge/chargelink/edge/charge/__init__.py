"""Charging a car with direct current: the sequence of GB/T 18487.1-2015, annex B, as a machine without I/O.

controller  what to want of board, guard and vehicle, from what they say; time is an argument
events      what the controller says, what it wants
phases      the table: what a phase wants, what it waits for and how long, where it leads; what is watched
conditions  when is something so: plugged, locked, pre-charged, safe to touch
stopwatch   for how long something has been so
situation   what the controller knows
dialogue    what the vehicle's messages mean to the sequence
causes      why a charge stops, how fast, what the vehicle, the bill and the hub are told
advice      whose doing a stop was, and what the driver may do now
register    what the meter's register says: caps reached, standing still, nothing used
setpoint    what the vehicle demands, clamped by everything that limits it
observed    a charge that somebody else makes, seen on the bus
"""
