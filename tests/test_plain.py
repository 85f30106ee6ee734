"""Plain messages: the frames that each annotation accepts."""

from typing import Annotated, Never

import pytest
from typing_extensions import TypeAliasType

from anysocket import Application, BadMessage, Connection
from anysocket.messages.plain import Plain
from anysocket.messages.structured import Json
from anysocket.routing.sockets import codec_for
from anysocket.testing import connect

Said = TypeAliasType("Said", str)


@pytest.mark.parametrize("of", [str, Said, Annotated[str, "doc"]])
def test_text(of: object) -> None:
    decode = Plain().decoder(of)
    assert decode("x") == "x"
    with pytest.raises(BadMessage, match="text only") as caught:
        decode(b"x")
    assert (caught.value.code, caught.value.message) == (1003, b"x")


def test_binary() -> None:
    decode = Plain().decoder(bytes)
    assert decode(b"x") == b"x"
    with pytest.raises(BadMessage, match="binary only") as caught:
        decode("x")
    assert (caught.value.code, caught.value.message) == (1003, "x")


def test_both() -> None:
    decode = Plain().decoder(str | bytes)
    assert (decode("x"), decode(b"x")) == ("x", b"x")


def test_what_is_sent_is_as_it_is() -> None:
    assert Plain().encoder(str)("x") == "x"


@pytest.mark.parametrize(
    ("of", "expected"),
    [(str, "text/plain"), (str | bytes, "text/plain"), (bytes, "application/octet-stream")],
)
def test_media_type(of: object, expected: str) -> None:
    assert Plain().media_type(of) == expected


@pytest.mark.parametrize("of", [str, bytes, str | bytes, Said, Annotated[str | bytes, "doc"]])
def test_text_and_binary_need_no_codec(of: object) -> None:
    assert isinstance(codec_for(of, None), Plain)


@pytest.mark.parametrize("of", [int, str | int, bytes | None, list[str], None])
def test_every_other_type_is_json(of: object) -> None:
    assert isinstance(codec_for(of, None), Json)


@pytest.mark.anyio
async def test_nothing_is_received_or_sent() -> None:
    app = Application()

    @app.websocket("/")
    async def handler(ws: Connection[Never, Never]) -> None:
        await ws.receive()

    async with connect(app) as peer:
        await peer.send("text")
        assert await peer.receive() is None
        assert (peer.code, peer.reason) == (1003, "no messages are received here")
