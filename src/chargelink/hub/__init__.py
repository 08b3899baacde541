"""The hub: keeps what the edges record, prices it again, shows it, and passes commands down.

`gateway` ends the links of the edges; `store` keeps; `services` decide; `api` and `console` show. Services never know
how a record came in; the gateway never knows what a bill costs.
"""
