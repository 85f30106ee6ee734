"""The processes of a run: they end with the process that started them, and their output is bounded."""
