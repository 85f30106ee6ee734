"""Cases for applications of other frameworks: what ASGI promises them, on every server."""
