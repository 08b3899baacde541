"""The demo: a site, its simulators and a hub on this machine, each a process of its own; a story with real time.

- `crew`     starts processes, waits until they are ready, ends all of them
- `site`     which processes make the site, their files and addresses
- `hub`      what the demo asks of the hub's REST interface
- `story`    what happens
- `audit`    whether edge, hub and registers agree
- `screen`   what is shown meanwhile
- `performance`  all of it, from the first process to the exit code
- `command`  `chargelink demo`
"""
