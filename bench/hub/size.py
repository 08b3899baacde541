"""How big and how long, from the environment."""

import os

EDGES = int(os.environ.get("EDGES", "10000"))  # that are there, and come back in a storm
LOADED = int(os.environ.get("LOADED", "1000"))  # that speak
SECONDS = float(os.environ.get("SECONDS", "8"))  # of each load
LONG = float(os.environ.get("LONG", "90"))  # s of the long run
STATIONS = min(EDGES, 2_000)  # of the OCPP server
