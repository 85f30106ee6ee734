"""One typed WebSocket API, the same on every Python server."""

from anysocket.application import Application, Middleware, Next
from anysocket.broadcasting import broadcast
from anysocket.capabilities import Capabilities, Support
from anysocket.close import ApplicationCode, Close, CloseCode
from anysocket.connection import Connection
from anysocket.errors import BadMessage, ConnectionClosed, InvalidState, Unsupported, WebSocketError
from anysocket.from_asgi import from_asgi
from anysocket.http.multidict import Headers, MultiDict, Query
from anysocket.http.url import URL
from anysocket.messages.codec import Codec
from anysocket.messages.structured import Json, JsonValue, MessagePack
from anysocket.request import WebSocketRequest
from anysocket.routing.route import Route
from anysocket.session.websocket import WebSocket
from anysocket.values import Key, Values

__all__ = [
    "URL",
    "Application",
    "ApplicationCode",
    "BadMessage",
    "Capabilities",
    "Close",
    "CloseCode",
    "Codec",
    "Connection",
    "ConnectionClosed",
    "Headers",
    "InvalidState",
    "Json",
    "JsonValue",
    "Key",
    "MessagePack",
    "Middleware",
    "MultiDict",
    "Next",
    "Query",
    "Route",
    "Support",
    "Unsupported",
    "Values",
    "WebSocket",
    "WebSocketError",
    "WebSocketRequest",
    "broadcast",
    "from_asgi",
]
