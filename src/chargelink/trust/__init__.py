"""Who said it, and who may read it: keys and what is signed or sealed with them. Shared by edge and hub.

checkpoints   the edge's signature under its journal
certificates  who an edge and its hub are: the hub's CA and what it signs
token         how an edge meets its hub for the first time
"""
