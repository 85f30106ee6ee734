"""One connection: its state machine, and the five members that a handler sees."""
