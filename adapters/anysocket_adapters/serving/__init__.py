"""Serving an app: the address, the processes, and the wait until the server is ready."""
