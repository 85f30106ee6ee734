"""The messages of tests/outside/app.py."""

import msgspec


class RequestSeen(msgspec.Struct):
    """The request, as its handler sees it."""

    client: str
    scheme: str
    http_version: str
    headers: dict[str, list[str]]
