"""LS1, the private radio protocol of e-bike charging sockets, version 1.

`frame` the sealed frame, `keys` and `counters` what seals it, `kinds` which messages there are and how each must be
protected, `channel` one direction of a conversation, `session` both, `join` how a conversation begins. The bodies:
`messages`, `commands`, `parameters` with their lists in `settings`, `firmware`, with their codes in `codes`.
"""
