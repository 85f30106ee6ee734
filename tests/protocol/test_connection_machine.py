"""A connection in whatever order things happen to it: bytes, pressure, time, loss, and an application."""

import zlib

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from anysocket.asgi import ASGIEvent
from anysocket.session.session import MAX_CALLS_AFTER_END
from anysocket_protocol.frames import BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, RSV1, TEXT
from anysocket_protocol.settings import Limits, Settings
from anysocket_protocol.state import CLOSED
from tests.protocol.bench import Bench
from tests.protocol.client import close_frame, frame, parse

LIMITS = Limits(
    max_message_size=500,
    max_frames=20,
    burst=8,
    burst_size=600,
    max_unread=4,
    max_unread_size=900,
    max_header_size=2000,
)
SETTINGS = Settings(limits=LIMITS, ping_interval=20, ping_timeout=10, close_timeout=5)

wrong = st.one_of(
    st.binary(min_size=1, max_size=20),
    st.sampled_from([
        frame(FIN | TEXT, b"a", masked=False),
        frame(FIN | TEXT, b"\xff"),
        frame(FIN | BINARY, bytes(501)),
        frame(FIN | RSV1 | BINARY, b"\xff\xff"),
        frame(FIN | RSV1 | PING, b""),
        frame(BINARY, b"") + frame(CONTINUATION, b"") * 30,
        close_frame(1005),
    ]),
)  # fmt: skip


class Connections(RuleBasedStateMachine):
    """One connection, from its request to its end."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(settings=SETTINGS)
        self.compressed = False
        self.deflater = zlib.compressobj(wbits=-12)
        self.number = 0
        self.in_order = True
        """Whether all that the peer has sent are whole frames that it may send."""
        self.taken: list[int] = []
        self.written = b""
        self.half_sent = b""

    @initialize(
        compressed=st.booleans(),
        early=st.booleans(),
        answer=st.sampled_from(["accept"] * 4 + ["later", "deny"]),
    )
    def opens(self, *, compressed: bool, early: bool, answer: str) -> None:
        self.compressed = compressed
        offer = (
            b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" if compressed else b""
        )
        self.bench.request(offer, self.message() if early else b"")
        if answer == "accept":
            self.bench.send({"type": "websocket.accept"})
        elif answer == "deny":
            self.bench.send({"type": "websocket.close"})

    # The peer

    def message(self, size: int = 0) -> bytes:
        """The next message; their numbers are in the order in which they are sent."""
        self.number += 1
        data = b"%d " % self.number + b"a" * size
        if not self.compressed:
            return frame(FIN | TEXT, data)
        data = (self.deflater.compress(data) + self.deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]
        half = len(data) // 2
        return frame(TEXT | RSV1, data[:half]) + frame(FIN | PING, b"p") + frame(FIN, data[half:])

    def sends(self, data: bytes) -> None:
        """A transport reads nothing while it is paused, or at its end."""
        if self.bench.wire.reading and not self.bench.wire.closing:
            self.bench.peer_sends(self.half_sent + data)
            self.half_sent = b""
        else:
            self.half_sent += data

    @rule(sizes=st.lists(st.sampled_from([0, 10, 120, 200, 490]), min_size=1, max_size=15))
    def messages(self, sizes: list[int]) -> None:
        self.sends(b"".join(self.message(size) for size in sizes))

    @rule(size=st.integers(0, 300), place=st.integers(1, 300))
    def a_message_in_two_reads(self, size: int, place: int) -> None:
        data = self.message(size)
        self.sends(data[:place])
        if data[place:]:
            self.sends(data[place:])

    @rule(times=st.integers(1, 30), opcode=st.sampled_from([PING, PONG]))
    def control_frames(self, times: int, opcode: int) -> None:
        self.sends(frame(FIN | opcode, b"payload") * times)

    @rule(code=st.sampled_from([None, 1000, 4000]), behind=st.booleans())
    def closes(self, code: int | None, *, behind: bool) -> None:
        self.sends(
            (self.message() if behind else b"") + (frame(FIN | CLOSE) if code is None else close_frame(code))
        )

    @rule(data=wrong)
    def breaks_the_protocol(self, data: bytes) -> None:
        self.in_order = False
        self.sends(data)

    @rule()
    def reads_on(self) -> None:
        if self.half_sent:
            self.sends(b"")

    @rule()
    def stops_to_read(self) -> None:
        if not self.bench.wire.blocked and not self.bench.wire.closing:
            self.bench.do(self.bench.wire.block)

    @rule()
    def reads_again(self) -> None:
        if self.bench.wire.blocked:
            self.bench.do(self.bench.wire.unblock)

    @rule()
    def half_a_close(self) -> None:
        if not self.bench.wire.closing and self.bench.wire.reading:
            self.bench.peer_ends()

    @precondition(lambda self: self.number > 3)
    @rule()
    def is_lost(self) -> None:
        if not self.bench.wire.lost:
            self.bench.do(lambda: self.bench.wire.lose(ConnectionResetError()))

    # The application

    def act(self, event: ASGIEvent) -> None:
        self.bench.send(event)

    @rule()
    def accepts(self) -> None:
        self.act({"type": "websocket.accept"})

    @rule(size=st.sampled_from([0, 10, 200, 20_000, 70_000]), times=st.integers(1, 5))
    def app_sends(self, size: int, times: int) -> None:
        for _ in range(times):
            self.act({"type": "websocket.send", "bytes": bytes(size)})

    @rule(times=st.integers(1, 6))
    def app_receives(self, times: int) -> None:
        receive = self.bench.app.receive
        assert receive is not None

        async def receives() -> None:
            event = await receive()
            if event["type"] == "websocket.receive":
                self.taken.append(int(str(event.get("text", "0 ")).split(" ")[0] or 0))

        for _ in range(times):
            self.bench.task(receives)

    @rule(code=st.sampled_from([1000, 4000, 1005]))
    def app_closes(self, code: int) -> None:
        self.act({"type": "websocket.close", "code": code})

    @rule(which=st.integers(0, 20))
    def a_task_is_cancelled(self, which: int) -> None:
        if self.bench.tasks:
            self.bench.tasks[which % len(self.bench.tasks)].cancel()

    @precondition(lambda self: self.number > 5)
    @rule(fails=st.booleans())
    def app_ends(self, *, fails: bool) -> None:
        done = self.bench.app.done
        if done is not None and not done.done():
            if fails:
                done.set_exception(LookupError())
            else:
                done.set_result(None)

    @precondition(lambda self: self.number > 5)
    @rule()
    def the_server_ends(self) -> None:
        self.bench.do(self.bench.connection.shutdown)

    # Time

    @rule(seconds=st.sampled_from([0.05, 0.3, 1.2, 6, 11, 21]))
    def time_passes(self, seconds: float) -> None:
        self.bench.loop.advance(seconds)

    @rule(times=st.integers(1, 10))
    def turns(self, times: int) -> None:
        self.bench.loop.turn(times)

    # What always holds

    @invariant()
    def nothing_escapes(self) -> None:
        assert not self.bench.loop.errors, self.bench.loop.errors

    @invariant()
    def what_is_written_is_legal(self) -> None:
        """Whole frames, as a server writes them; nothing behind a close frame, or but a refusal."""
        self.written += self.bench.take()
        head, end, frames = self.written.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 ") or not end:
            return
        opcodes = [each.first & 0x0F for each in parse(frames)]
        assert opcodes.count(CLOSE) <= 1
        assert CLOSE not in opcodes[:-1]
        if not self.compressed:
            assert not any(each.first & RSV1 for each in parse(frames))

    @invariant()
    def messages_come_in_order(self) -> None:
        if self.in_order:
            assert self.taken == list(range(1, len(self.taken) + 1))
        else:
            assert self.taken == sorted(self.taken) or 0 in self.taken

    @invariant()
    def what_is_kept_is_bounded(self) -> None:
        inbox = self.bench.connection._inbox  # pyright: ignore[reportPrivateUsage]
        assert len(inbox.unread) <= LIMITS.max_unread + 1
        assert inbox.size <= LIMITS.max_unread_size + LIMITS.max_message_size

    @invariant()
    def nobody_waits_for_a_peer_that_is_gone(self) -> None:
        if self.bench.wire.lost:
            self.bench.loop.turn(2 * len(self.bench.tasks) + 3)
            assert all(task.done() for task in self.bench.tasks)

    def teardown(self) -> None:
        bench = self.bench
        if bench.wire.blocked:
            bench.do(bench.wire.unblock)
        if not bench.wire.lost:
            bench.do(lambda: bench.wire.lose(None))
        bench.loop.advance(1)
        bench.loop.turn(MAX_CALLS_AFTER_END)  # each receive after the end takes one
        assert bench.connection.state is CLOSED
        assert all(task.done() for task in bench.tasks)
        for task in bench.tasks:
            if not task.cancelled():
                task.exception()
        clock = bench.connection._clock  # pyright: ignore[reportPrivateUsage]
        assert not clock._ticks  # pyright: ignore[reportPrivateUsage]
        assert not bench.loop.errors
        bench.close()


TestConnections = Connections.TestCase
TestConnections.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
