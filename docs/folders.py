"""Where the documentation is, and the results that its tables are made from."""

from pathlib import Path

DOCS = Path(__file__).parent
RESULTS = DOCS / "results"
