"""ASGI's terms for a connection: scopes, events, responses and the lifespan."""
