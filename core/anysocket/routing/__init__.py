"""From a path to a handler, and from a handler back to a URL."""
