"""Conformance on real servers: the cases, the rows, the reports and the command line."""
