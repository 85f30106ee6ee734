"""The clauses, where the contract tells of them."""

import re

from docs.folders import DOCS

from anysocket_matrix.page import Clause

CONTRACT = DOCS / "contract.md"


def clauses() -> dict[str, Clause]:
    """Give each clause's title, and the address of its heading."""
    headings = re.findall(r"^### (\w+) (.+)$", CONTRACT.read_text(), re.MULTILINE)
    return {
        clause: Clause(title, f"contract.md#{clause.lower()}-{title.lower().replace(' ', '-')}")
        for clause, title in headings
    }
