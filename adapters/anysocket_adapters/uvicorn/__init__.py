"""uvicorn: its WebSocket implementations, and how to serve on it."""
