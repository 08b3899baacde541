"""The suite on a real bus: `chargelink conformance`.

- `attendants`  who does at the device what a case asks for: a person, a shell command, a simulator, time
- `observer`    instruments that see what CAN does not show
- `bus`         the tester on a bus: frames in and out, dated, logged
- `lateness`    how late the tester itself was
- `session`     plays cases one after the other, until the last or until it is stopped
- `outcome`     what came of a case and of all of them
- `screen`      what is shown meanwhile and at the end
- `junit`, `page`, `document`   the same as files
- `run`         one run: bus or rehearsal, attendant, reports
- `options`     the command line
"""
