"""The client of `compressed`: picows can't compress, but it can set RSV1 (RFC 7692).

So the text is compressed once, and the same frame is sent each time.
"""

import asyncio
import zlib
from functools import partial
from time import perf_counter

from picows import WSFrame, WSMsgType

from anysocket_matrix.bench.connections import Listener, LoadFailed, close_all, open_one, until
from anysocket_matrix.bench.load import Load
from anysocket_matrix.bench.scenarios import Scenario
from anysocket_matrix.peer.deflate import TAIL

_EXTENSIONS = "Sec-WebSocket-Extensions"

_OFFER = "permessage-deflate; client_no_context_takeover; server_no_context_takeover"
"""Without context takeover each message can be inflated alone, and a repeated text doesn't shrink."""


class _Listener(Listener):
    """Sends the text again when it has come back."""

    def __init__(self, load: "Compressed") -> None:
        super().__init__()
        self._load = load
        # The largest window with context takeover can read the output of any other one.
        self._decompressor = zlib.decompressobj(-zlib.MAX_WBITS)
        self._sent = 0.0
        self._until = 0.0
        self.done: asyncio.Future[None]

    def run(self, seconds: float) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self._until = perf_counter() + seconds
        self._send()

    def _send(self) -> None:
        self._sent = perf_counter()
        self.transport.send(WSMsgType.TEXT, self._load.deflated, rsv1=True)

    def on_message(self, frame: WSFrame) -> None:
        now = perf_counter()
        wrong = self._wrong(frame)
        if wrong is not None:
            self.how = wrong
            self.transport.disconnect(graceful=False)
            return
        self._load.latencies.append(now - self._sent)
        if now < self._until:
            self._send()
        else:
            self.done.set_result(None)

    def _wrong(self, frame: WSFrame) -> str | None:
        """Return the error of a message, if any. Each message is inflated, which takes microseconds."""
        payload = frame.get_payload_as_bytes()
        if frame.msg_type is not WSMsgType.TEXT or not frame.rsv1:
            return f"the reply isn't a text compressed in one frame: {payload[:80]!r}"
        try:
            text = self._decompressor.decompress(payload + TAIL)
        except zlib.error as error:
            return f"the reply can't be inflated: {error}"
        return None if text == self._load.scenario.payload else f"the reply is another message: {text[:80]!r}"


class Compressed(Load):
    """A compressed text, echoed."""

    def __init__(self, scenario: Scenario, url: str) -> None:
        super().__init__(scenario, url)
        self.deflated: bytes = deflated(scenario.payload)
        self._listeners: list[_Listener] = []

    async def connect(self, connections: int) -> None:
        for _ in range(connections):
            listener = await open_one(self.url, partial(_Listener, self), headers={_EXTENSIONS: _OFFER})
            self._listeners.append(listener)
            answer = ", ".join(listener.transport.response.headers.getall(_EXTENSIONS, []))
            if answer.partition(";")[0].strip() != "permessage-deflate":
                raise LoadFailed(f"permessage-deflate was offered, and the answer is {answer or 'none'}")

    async def run(self, seconds: float) -> int:
        (listener,) = self._listeners
        listener.run(seconds)
        await until(listener.done, self._listeners, seconds)
        return len(self.latencies)

    async def close(self) -> None:
        await close_all(self._listeners)


def deflated(text: bytes) -> bytes:
    """Compress a text as one message that can be inflated alone."""
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return (compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL)
