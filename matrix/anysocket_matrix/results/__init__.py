"""What was measured: cells, files, and the comparisons that follow from them."""
