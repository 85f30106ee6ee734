"""The names that users import."""

import inspect
import re
from importlib import import_module

from docs.tables import table

MODULES = ("anysocket", "anysocket.testing", "anysocket_adapters", "anysocket_adapters.testing")
"""What users import from."""

ALIASES = {
    "JsonValue": "Any value of JSON, as a type.",
    "Middleware": "What runs around a connection's handler: `async def middleware(request, call_next)`.",
    "Next": "What a middleware awaits to go on: `await call_next()`.",
}
"""What has no documentation of its own at run time."""


def names(module: str) -> str:
    """List what a module exports, each with the first sentence of its documentation."""
    exported: list[str] = import_module(module).__all__
    rows: list[tuple[str, str]] = []
    for name in sorted(exported, key=str.lower):
        says = ALIASES.get(name) or str(getattr(import_module(module), name).__doc__)
        rows.append((f"`{name}`", _first_sentence(says)))
    return table(("name", "is"), rows)


def _first_sentence(documentation: str) -> str:
    paragraph = " ".join(inspect.cleandoc(documentation).split("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z])", paragraph)[0].replace("|", "\\|")
