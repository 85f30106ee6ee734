"""The folders of the documentation and of the results that its tables are made from."""

from pathlib import Path

DOCS = Path(__file__).parent
RESULTS = DOCS / "results"

CONTRACT = "contract.md"
"""The page of the clauses, as another page links to it."""
