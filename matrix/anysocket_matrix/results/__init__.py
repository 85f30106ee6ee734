"""The measured results: cells, files, and comparisons."""
