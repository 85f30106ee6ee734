"""The adapters: one module for each server, and serving on any of them."""

from anysocket_adapters.asgi import ASGITransport, http_response, offered
from anysocket_adapters.lifespan import Lifespan
from anysocket_adapters.normalise import normalise
from anysocket_adapters.options import Loop, OptionName, Options
from anysocket_adapters.reading import Reader
from anysocket_adapters.registry import servers
from anysocket_adapters.server import RunsItsWorkers, Server, ServerFailed
from anysocket_adapters.serving.serving import running, serve

__all__ = [
    "ASGITransport",
    "Lifespan",
    "Loop",
    "OptionName",
    "Options",
    "Reader",
    "RunsItsWorkers",
    "Server",
    "ServerFailed",
    "http_response",
    "normalise",
    "offered",
    "running",
    "serve",
    "servers",
]
