"""Autobahn's cases on the rows: what each server does at the level of frames, and what our layer adds."""
