"""How packets reach the air: packet forwarders, MQTT gateways and modems; airtime, and the rules of the 470 MHz band.

`gwmp` the datagrams, `packets` the JSON inside them, `gateway` and `server` the two sides of the exchange, `lorawan`
what a LoRaWAN header says, `airtime` how long a packet occupies the channel and what may be sent in China. `radio` is
what all ways to the air have in common, and refuses what may not be sent; `chirpstack` (with `protobuf`), `rak` and
`ebyte` are the others.
"""
