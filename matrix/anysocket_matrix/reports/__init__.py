"""What was measured, for people: on a terminal, as JSON and as a page."""
