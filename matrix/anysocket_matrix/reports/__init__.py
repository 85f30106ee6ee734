"""Reports of results for people: on the terminal, as JSON and as an HTML page."""
