"""The devices' side: ends the links of the edges and turns what they say into events of the hub."""
