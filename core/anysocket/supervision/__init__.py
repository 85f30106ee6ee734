"""Running handlers: what happens when one ends, when one fails, and when the server stops."""
