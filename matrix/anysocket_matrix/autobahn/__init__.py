"""Autobahn's test suite on the rows: each server at the level of frames, alone and with anysocket."""
