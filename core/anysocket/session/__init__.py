"""One connection: its state machine, its five members, and the session that implements them."""
