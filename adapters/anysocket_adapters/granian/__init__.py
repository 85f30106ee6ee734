"""granian: its ASGI and RSGI interfaces, and how to serve on it."""
