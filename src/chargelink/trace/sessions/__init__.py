"""The command `chargelink trace`: the charging sessions of a recording, and whose fault it was.

- `model`       what is told about a session
- `analyser`    from frames to sessions
- `follow`      where a session begins and ends
- `draft`       one session while its messages come: `states`, `phases`, `cadence`, `readings`, `ending`
- `violations`  the kinds of violations, `oddities` those of single messages
- `verdict`     who stopped and why: `rules`, `unstopped` and `stop_causes` are its tables, `case` what they look at
- `report`      the session as it is told
- `recording`   the sessions of a file; `terminal`, `as_json`, `page` tell them, `table` has the messages themselves
- `exports`     the files of `--html`, `--csv`, `--parquet`
"""
