"""The rows of the matrix: a server in one configuration, started and reached."""
