"""uvicorn: anysocket's own connection on it, its own WebSocket implementations, and how to serve."""

from anysocket_adapters.uvicorn.native import UvicornConnection

__all__ = ["UvicornConnection"]
