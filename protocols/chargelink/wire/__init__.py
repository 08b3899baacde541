"""Declare a wire format once; codecs, documentation and constructs follow from it."""
