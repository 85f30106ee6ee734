"""One typed WebSocket API, the same on every Python server."""

from anysocket.application import Application
from anysocket.capabilities import Capabilities, Support
from anysocket.close import Close, CloseCode
from anysocket.errors import ConnectionClosed, InvalidState, Unsupported, WebSocketError
from anysocket.handler import Handler
from anysocket.handshake import Denial, Handshake
from anysocket.multidict import Headers, MultiDict, Query
from anysocket.request import WebSocketRequest
from anysocket.state import Action, State
from anysocket.transport import Transport
from anysocket.websocket import WebSocket

__all__ = [
    "Action",
    "Application",
    "Capabilities",
    "Close",
    "CloseCode",
    "ConnectionClosed",
    "Denial",
    "Handler",
    "Handshake",
    "Headers",
    "InvalidState",
    "MultiDict",
    "Query",
    "State",
    "Support",
    "Transport",
    "Unsupported",
    "WebSocket",
    "WebSocketError",
    "WebSocketRequest",
]
