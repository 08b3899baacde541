"""Recordings and what they say: `chargelink decode`.

`source` opens files, pipes and compressed files; `can_log` reads recordings of CAN, `hex_lines` lines of bytes; one
module a protocol turns bytes into reports; `report` shows them to people or programs.
"""
