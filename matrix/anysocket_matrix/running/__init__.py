"""Run the cases on the rows, in several pytest processes."""
