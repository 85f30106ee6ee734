"""What tests/outside/app.py tells its peers."""

import msgspec


class Told(msgspec.Struct):
    """What a handler is told of its request."""

    client: str
    scheme: str
    http_version: str
    headers: dict[str, list[str]]
