"""daphne: its WebSocket protocol, and how to serve on it."""
