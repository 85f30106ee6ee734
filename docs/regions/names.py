"""The names that users import."""

import inspect
import re
from importlib import import_module

from docs.tables import table

MODULES = (
    "anysocket",
    "anysocket.testing",
    "anysocket.asyncapi",
    "anysocket.asgi",
    "anysocket.adapter",
    "anysocket_adapters",
    "anysocket_adapters.uvicorn",
    "anysocket_adapters.repairs",
    "anysocket_adapters.testing",
    "anysocket_protocol",
)
"""The modules that users import from."""

ALIASES = {
    "Address": "A host and a port.",
    "ASGIApp": "An ASGI application: `await app(scope, receive, send)`.",
    "ASGIEvent": "An event of ASGI, for any protocol.",
    "JsonValue": "The type of any JSON value.",
    "Loop": "The name of an event loop: `asyncio`, `uvloop` or `trio`.",
    "Middleware": "Runs around a connection's handler: `async def middleware(request, call_next)`.",
    "Next": "A middleware awaits it to run the handler: `await call_next()`.",
    "OptionName": "The name of an option that some server can't honour.",
    "RawHeaders": "Header lines as they are sent: names in lower case, values in ISO-8859-1.",
    "Receive": "ASGI's receive, for any protocol.",
    "ReceiveEvent": "ASGI's receive on a connection that is open.",
    "Scope": "ASGI's scope of a connection.",
    "Send": "ASGI's send, for any protocol.",
    "SendEvent": "ASGI's send on a connection that is open.",
}
"""The names that have no documentation of their own at run time."""


def names(module: str) -> str:
    """List the names that a module exports, each with the first sentence of its documentation."""
    exported: list[str] = import_module(module).__all__
    rows: list[tuple[str, str]] = []
    for name in sorted(exported, key=str.lower):
        says = ALIASES.get(name) or getattr(import_module(module), name).__doc__
        assert says, f"{name} has no documentation"
        rows.append((f"`{name}`", _first_sentence(says)))
    return table(("name", "is"), rows)


def _first_sentence(documentation: str) -> str:
    paragraph = " ".join(inspect.cleandoc(documentation).split("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z])", paragraph)[0].replace("|", "\\|")
