"""Tables in Markdown."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Draw a table, or say that there is nothing in it."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    if not lines:
        return "None."
    return "\n".join(["| " + " | ".join(head) + " |", "| --- " * len(head) + "|", *lines])
