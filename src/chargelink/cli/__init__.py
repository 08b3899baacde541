"""The `chargelink` command: languages, help, exit codes, and how commands are found.

A command is a `Command` (`command.py`) named by an entry point of the group `chargelink.commands`; `main.py` finds it,
`parser.py` makes it readable in English and Chinese, `language.py` holds the two words for one thing, `layout.py` knows
how wide they are. Nothing here knows what a command does.
"""
