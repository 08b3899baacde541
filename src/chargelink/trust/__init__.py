"""Who said it, and who may read it: keys and what is signed or sealed with them. Shared by edge and hub.

checkpoints   the edge's signature under its journal
"""
