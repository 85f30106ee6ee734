"""Running the cases on the rows, in pytests of their own."""
