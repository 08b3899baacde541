"""The steps from an empty database to the tables of today, oldest first. Applied when the hub starts."""
