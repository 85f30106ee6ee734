"""A connection in ASGI's terms: scopes, events, responses and the lifespan."""
