"""Where the documentation is, its contract, and the results that its tables are made from."""

from pathlib import Path

DOCS = Path(__file__).parent
RESULTS = DOCS / "results"

CONTRACT = "contract.md"
"""Where the clauses are, as a page links to it."""
