"""One typed WebSocket API, the same on every Python server."""

from anysocket.application import Application, Middleware, Next
from anysocket.broadcasting import broadcast
from anysocket.capabilities import Capabilities, Support
from anysocket.close import ApplicationCode, Close, CloseCode
from anysocket.connection import Connection
from anysocket.errors import BadMessage, ConnectionClosed, InvalidState, Unsupported, WebSocketError
from anysocket.from_asgi import from_asgi
from anysocket.handshake import Denial, Handshake
from anysocket.http.multidict import Headers, MultiDict, Query
from anysocket.http.url import URL
from anysocket.messages.codec import Codec
from anysocket.messages.structured import Json, JsonValue, MessagePack
from anysocket.request import WebSocketRequest
from anysocket.routing.route import Route
from anysocket.session.state import Action, State
from anysocket.session.websocket import WebSocket
from anysocket.transport import Transport
from anysocket.values import Key

__all__ = [
    "URL",
    "Action",
    "Application",
    "ApplicationCode",
    "BadMessage",
    "Capabilities",
    "Close",
    "CloseCode",
    "Codec",
    "Connection",
    "ConnectionClosed",
    "Denial",
    "Handshake",
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
    "State",
    "Support",
    "Transport",
    "Unsupported",
    "WebSocket",
    "WebSocketError",
    "WebSocketRequest",
    "broadcast",
    "from_asgi",
]
