"""A raw WebSocket client that sends and expects bytes, valid or invalid."""
