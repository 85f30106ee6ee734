"""Repairs: what every adapter that changes a server from outside needs."""
