"""Edges that pretend: links, journals and loads, as a hub meets them by the thousand.

tally      what is counted, and how long things took
speech     frames, the chain and the bodies of records, written from docs/protocols/link.md and nothing of ours
line       one websocket, without a task of its own
edge       one edge: its link lost and found again, its calls and their answers
loads      what edges say, and how often
telemetry  samples in blocks, from the same page
durable    what they say until it is stored
fleet      all of them together
"""
