"""The rows of the matrix: a server in one configuration, how it is started and how peers reach it."""
