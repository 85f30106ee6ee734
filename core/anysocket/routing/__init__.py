"""Routes: from a path to its handler, and from a handler back to its URL."""
