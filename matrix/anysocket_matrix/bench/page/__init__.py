"""The results as one page for the browser."""
from anysocket_matrix.bench.results import Results
def render(results: Results) -> str:
    return ""
