"""What is repaired inside wsproto, on connections of wsproto's own."""

import logging
import struct

import pytest
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping
from wsproto.extensions import PerMessageDeflate

from anysocket_adapters.repairs.repair import Repairs, warn_unrepaired
from anysocket_adapters.repairs.wsproto import DEFLATE, FRAMES, repair_connection


@pytest.fixture(autouse=True)
def _warns_again() -> None:
    warn_unrepaired.cache_clear()


def connection(*extensions: PerMessageDeflate) -> Connection:
    found = Connection(ConnectionType.SERVER, list(extensions))
    assert not repair_connection(found)
    return found


def masked(first: int, payload: bytes) -> bytes:
    return bytes([first, 0x80 | len(payload)]) + bytes(4) + payload


def close_of(found: Connection) -> CloseConnection:
    (event,) = found.events()
    assert isinstance(event, CloseConnection)
    return event


def test_the_peers_code_1014_is_read_with_its_reason() -> None:
    found = connection()
    found.receive_data(masked(0x88, struct.pack("!H", 1014) + b"gone"))
    event = close_of(found)
    assert (event.code, event.reason) == (1014, "gone")
    assert found.state is ConnectionState.REMOTE_CLOSING


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x81\x00", 1002),  # not masked
        (masked(0x88, struct.pack("!H", 1016)), 1002),
        (masked(0x81, b"\xff"), 1007),
    ],
)
def test_a_breach_of_the_protocol_is_answered_as_a_close_is(frame: bytes, code: int) -> None:
    found = connection()
    found.receive_data(frame)
    event = close_of(found)
    assert event.code == code
    assert found.state is ConnectionState.REMOTE_CLOSING
    assert found.send(event.response())[2:4] == struct.pack("!H", code)


def test_a_ping_within_a_compressed_message() -> None:
    deflate, peer = PerMessageDeflate(), PerMessageDeflate()
    deflate.accept("permessage-deflate")
    peer.finalize("permessage-deflate")
    client = Connection(ConnectionType.CLIENT, [peer])
    found = connection(deflate)
    for event in (
        BytesMessage(b"before", message_finished=False),
        Ping(b"is it"),
        BytesMessage(b"behind", message_finished=True),
        Ping(b"again"),
        BytesMessage(b"next", message_finished=True),
    ):
        found.receive_data(client.send(event))
    data = b"".join(event.data for event in found.events() if isinstance(event, BytesMessage))
    assert data == b"beforebehindnext"


@pytest.mark.parametrize("missing", ["_proto", "extensions"])
def test_what_is_lost_where_wsproto_looks_different(missing: str, caplog: pytest.LogCaptureFixture) -> None:
    class Other:
        """What a later release might make of a connection, or of an extension."""

    found = Connection(ConnectionType.SERVER, [])
    frames = vars(found)["_proto"]
    if missing == "_proto":
        del found._proto  # pyright: ignore[reportPrivateUsage]
        lost, repairs = FRAMES.everything(), FRAMES
    else:
        frames.extensions = [Other()]
        lost, repairs = DEFLATE.everything(), DEFLATE
    assert lost
    assert repair_connection(found) == lost
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert repairs.target in record.getMessage()


def test_each_class_is_wsprotos_own() -> None:
    for repairs in (FRAMES, DEFLATE):
        assert isinstance(repairs, Repairs)
        assert repairs.subclass() is not None
