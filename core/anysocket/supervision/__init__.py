"""Running handlers: what happens when a handler ends or fails, and when the server stops."""
