"""The processes of a run: they end with their starter, and what they print is bounded."""
