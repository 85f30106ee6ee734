"""hypercorn: its WebSocket streams over HTTP/1.1 and HTTP/2, and how to serve on it."""
