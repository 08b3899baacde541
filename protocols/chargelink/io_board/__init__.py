"""The input and output board of a DC charger: one map of Modbus points, used by whoever drives it and whoever is it.

registers  the map
"""
