"""The hub for programs: REST and the stream of changes, as JSON."""
