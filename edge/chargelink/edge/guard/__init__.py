"""The safety process: standard library only."""
