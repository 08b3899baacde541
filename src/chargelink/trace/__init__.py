"""Recordings and what they say."""
