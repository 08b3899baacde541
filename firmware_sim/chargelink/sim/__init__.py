"""Devices that pretend."""
