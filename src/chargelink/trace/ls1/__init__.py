"""The command `chargelink decode ls1`: what sockets and their edge said to each other by radio.

- `key_file` the keys, from a TOML file
- `words`    a message in JSON and in words
- `reports`  one report for every packet, and for what is none
- `command`  arguments and the way from a recording to reports
"""

from chargelink.trace.ls1.command import COMMAND

__all__ = ["COMMAND"]
