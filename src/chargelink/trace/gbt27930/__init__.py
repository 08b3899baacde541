"""The command `chargelink decode gbt27930`: what charger and vehicle said to each other on CAN.

- `fields`   the fields of a message as JSON
- `words`    messages and transport in words, in the chosen language
- `names`    what fields are called
- `reports`  one report for everything that was heard, and for what was not understood
- `command`  arguments and the way from a recording to reports
"""

from chargelink.trace.gbt27930.command import COMMAND

__all__ = ["COMMAND"]
