"""uvicorn where it isn't as the repairs know it: a warning, true capabilities, and a handler that works."""

import asyncio
import logging
from dataclasses import fields
from pkgutil import resolve_name
from types import SimpleNamespace

import pytest

from anysocket import Support
from anysocket.asgi import ASGIEvent, Scope, Send
from anysocket.capabilities import Capabilities
from anysocket_adapters.repairs.repair import lacking, warn_unrepaired
from anysocket_adapters.repairs.wsproto import DEFLATE, FRAMES
from anysocket_adapters.uvicorn.http import HTTP
from anysocket_adapters.uvicorn.native import NEEDS
from anysocket_adapters.uvicorn.server import TRANSPORTS, UnknownTransport, connect
from anysocket_adapters.uvicorn.transport import WEBSOCKETS, UvicornTransport

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:.*deprecated")]

SCOPE: Scope = {"type": "websocket", "path": "/", "headers": []}

each_transport = pytest.mark.parametrize("transport", TRANSPORTS)


@pytest.fixture(autouse=True)
def _warns_again() -> None:
    warn_unrepaired.cache_clear()


class Stranger:
    """What a later release might make of a connection."""

    def __init__(self) -> None:
        self.sent: list[ASGIEvent] = []

    async def receive(self) -> ASGIEvent:
        return {"type": "websocket.connect"}

    async def send(self, event: ASGIEvent) -> None:
        self.sent.append(event)


def supported(capabilities: Capabilities) -> set[str]:
    return {each.name for each in fields(capabilities) if getattr(capabilities, each.name) != Support.ABSENT}


def native(capabilities: Capabilities) -> set[str]:
    return {each.name for each in fields(capabilities) if getattr(capabilities, each.name) == Support.NATIVE}


async def test_a_class_that_is_unknown(caplog: pytest.LogCaptureFixture) -> None:
    class Unknown(Stranger):
        pass

    for _ in range(2):
        server = Unknown()
        transport = connect(SCOPE, server.receive, server.send)
        await transport.accept(None, ())
        assert [event["type"] for event in server.sent] == ["websocket.accept"]
        assert isinstance(transport, UnknownTransport)
        for known in TRANSPORTS:
            assert supported(transport.capabilities) <= native(known.declared)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "Unknown" in record.getMessage()


@each_transport
async def test_a_class_without_what_the_repairs_need(
    transport: type[UvicornTransport], caplog: pytest.LogCaptureFixture
) -> None:
    module, _, name = transport.repairs.target.partition(":")
    kind = type(name, (Stranger,), {"__module__": module, "root_path": "/below"})
    server: Stranger = kind()
    made = connect(SCOPE, server.receive, server.send)
    assert type(made) is transport
    await made.accept(None, ())
    assert [event["type"] for event in server.sent] == ["websocket.accept"]
    repaired = supported(made.declared) - native(made.declared)
    assert supported(made.capabilities) & repaired - FRAMES.everything() - DEFLATE.everything() == {
        "path_below_root"
    }
    assert (
        sum("uvicorn" in record.getMessage() for record in caplog.records) == len(transport.repairs.all) - 1
    )


def made_without_arguments(kind: type[object]) -> object:
    return object.__new__(kind)


@each_transport
def test_what_only_anysocket_configures(transport: type[UvicornTransport]) -> None:
    for http, lost in ((asyncio.Protocol, {"early_message"}), (HTTP.subclass(), set[str]())):
        made = connect(SCOPE, Stranger().receive, send_of(transport, http_protocol_class=http))
        assert type(made) is transport
        assert supported(made.capabilities) == supported(made.declared) - lost


def send_of(transport: type[UvicornTransport], **config: object) -> Send:
    """Give the `send` of a connection that has nothing but its configuration."""
    protocol = made_without_arguments(resolve_name(transport.repairs.target))
    vars(protocol).update(config=SimpleNamespace(**config))
    send: Send = getattr(protocol, "asgi_send" if transport.repairs is WEBSOCKETS else "send")
    return send


@each_transport
@pytest.mark.parametrize("ws", ["auto", "wsproto"])
def test_uvicorn_itself_has_chosen(
    transport: type[UvicornTransport],
    ws: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A warning then says how to choose, and it says so once."""
    monkeypatch.setattr(f"{connect.__module__}._chosen", {})
    for _ in range(2):
        connect(SCOPE, Stranger().receive, send_of(transport, ws=ws))
    option = "uvicorn --ws anysocket_adapters.uvicorn:UvicornConnection"
    assert [option in said for said in caplog.messages] == [True] * (ws == "auto")


def test_all_that_our_connection_needs_is_there() -> None:
    assert not lacking(NEEDS)


@pytest.mark.parametrize(
    "gone", ["uvicorn.config:Config.loaded_application", "uvicorn.config:Configuration.load"]
)
def test_a_name_that_is_gone(gone: str) -> None:
    assert lacking([*NEEDS, gone]) == [gone]
