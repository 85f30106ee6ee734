"""How values become messages, and messages values."""
