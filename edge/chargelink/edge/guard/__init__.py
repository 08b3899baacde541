"""The safety process: cut-offs that depend on nothing else. Standard library only.

rules       the cut-offs, as data
evaluate    which of them hold: a pure function of what is seen and of the time
datagrams   what it is told and what it says, byte for byte
state       fault-hold, armed, permit, tripped: the guard itself, without I/O
mark        what survives a loss of power, written by a child outside the cut-off path
realtime    priority, locked memory, no garbage collector
lines       the wires to the contactor and to the daemon
process     one loop around all of it
"""
