"""The command `chargelink decode dlt645`: what a master and its meters said to each other.

- `log`      lines to reports; frames in pieces put together
- `names`    what values and codes are called
- `words`    a frame's values in the words of the chosen language
- `reports`  one report for every frame, and for what is none
- `command`  arguments and the way from a recording to reports
"""

from chargelink.trace.dlt645.command import COMMAND

__all__ = ["COMMAND"]
