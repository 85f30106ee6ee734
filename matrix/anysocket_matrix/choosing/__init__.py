"""Choosing a server: what can be asked of one, which have it, and what an application uses."""
