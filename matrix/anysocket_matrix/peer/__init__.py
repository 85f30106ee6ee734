"""A raw WebSocket client that sends and expects bytes, right or wrong ones."""
