"""WebSocket connections on asyncio: bytes on one side, ASGI's callables on the other.

RFC 6455 and RFC 7692. No server is needed: what accepts TCP connections makes an
`ASGIConnection` for each. Its class is built in four steps, one for each thing that it does:

- `stream.Stream`: bytes out, one write for each read, and pressure in both directions.
- `opening.Opening`: the request and its answers.
- `connection.Connection`: messages, pings and the closing handshake.
- `asgi.ASGIConnection`: the application's task.

They are one object, because each object more would cost a connection memory, and a message time.
`reader`, `frames`, `deflate` and `handshake` do no I/O; `waiter`, `turn` and `clock` are of the
event loop.
"""

from anysocket_protocol.asgi import ASGIConnection
from anysocket_protocol.connection import Connection
from anysocket_protocol.settings import Limits, Settings

__all__ = ["ASGIConnection", "Connection", "Limits", "Settings"]
