"""A client that is independent of this project: the `websockets` package."""

from collections.abc import Iterable, Mapping
from ssl import SSLContext

from websockets.asyncio.client import connect as websockets_connect
from websockets.typing import Subprotocol


def connect(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    subprotocols: Iterable[str] = (),
    ssl: SSLContext | None = None,
    compression: str | None = "deflate",
    max_queue: int | None = 16,
) -> websockets_connect:
    """Connect to a server of these tests, without a proxy, whatever the environment says."""
    return websockets_connect(
        url,
        additional_headers=headers,
        subprotocols=[Subprotocol(each) for each in subprotocols] or None,
        ssl=ssl,
        compression=compression,
        max_queue=max_queue,
        proxy=None,
        max_size=None,
    )
