"""No message is lost or received twice, and no task waits for ever, whatever is cancelled."""

import asyncio

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from anysocket_protocol.inbox import Inbox
from anysocket_protocol.reader import Closed
from tests.protocol.bench import BenchLoop

END = Closed(1000, "")


class Receivers(RuleBasedStateMachine):
    """Tasks that receive as `ASGIConnection.receive` does, and a peer."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = BenchLoop()
        self.inbox = Inbox(self.loop)
        self.sent: list[str] = []
        self.received: list[str] = []
        self.started: list[asyncio.Task[str | None]] = []
        self.cancelled: set[asyncio.Task[str | None]] = set()

    async def receive(self) -> str | None:
        inbox = self.inbox
        if inbox.end_taken:
            return None
        try:
            while not inbox.unread:
                await inbox.more()
                if inbox.end_taken:
                    return None
            message = inbox.unread.pop(0)
        finally:
            inbox.let_next_look()
        if isinstance(message, Closed):
            inbox.end_taken = 1
            return None
        assert isinstance(message, str)
        inbox.size -= len(message)
        self.received.append(message)
        return message

    @rule(how_many=st.integers(1, 3))
    def starts(self, how_many: int = 1) -> None:
        for _ in range(how_many):
            self.started.append(self.loop.create_task(self.receive()))

    @precondition(lambda self: any(not each.done() for each in self.started))
    @rule(which=st.integers(0, 5))
    def cancels(self, which: int) -> None:
        alive = [each for each in self.started if not each.done()]
        task = alive[which % len(alive)]
        if task.cancel():
            self.cancelled.add(task)

    def message(self) -> None:
        if self.inbox.end is None:
            self.sent.append(str(len(self.sent)))
            self.inbox.put(self.sent[-1])

    @rule()
    def comes_in_a_read(self) -> None:
        self.loop.call_soon(self.message)

    @rule()
    def comes_at_once(self) -> None:
        """Before what is ready to run, as on uvloop."""
        self.message()

    @rule()
    def comes_while_a_task_runs(self) -> None:
        async def puts() -> None:
            self.message()

        self.loop.create_task(puts())

    @rule(in_a_task=st.booleans())
    def ends(self, *, in_a_task: bool) -> None:
        async def puts() -> None:
            self.inbox.put_end(END)

        if in_a_task:
            self.loop.create_task(puts())
        else:
            self.loop.call_soon(self.inbox.put_end, END)

    @rule()
    def turns(self) -> None:
        self.loop.turn()

    @rule()
    def settles(self) -> None:
        """Nobody waits while there is something to receive, or the end has been taken."""
        self.loop.turn(20)
        assert not asyncio.all_tasks(self.loop) or not (self.inbox.unread or self.inbox.end_taken)

    @invariant()
    def none_is_lost(self) -> None:
        unread = [each for each in self.inbox.unread if isinstance(each, str)]
        assert self.received + unread == self.sent
        assert self.inbox.size == sum(map(len, unread))
        assert not self.loop.errors

    def teardown(self) -> None:
        self.inbox.put_end(END)
        for _ in range(len(self.inbox.unread)):
            self.starts()
        self.loop.turn(3 * len(self.started) + 20)
        assert self.received == self.sent
        for task in self.started:
            assert task.done()
            assert task.cancelled() == (task in self.cancelled)  # its own cancellation, and no other's
        self.loop.close()


TestReceivers = Receivers.TestCase
TestReceivers.settings = settings(max_examples=400, stateful_step_count=30, deadline=None)


def test_a_cancellation_between_waking_and_running() -> None:
    """It is its own task's, and not that of the one that waits by now."""
    receivers = Receivers()
    receivers.starts()
    receivers.turns()
    receivers.comes_while_a_task_runs()
    receivers.starts(2)
    receivers.turns()
    receivers.cancels(0)
    receivers.comes_at_once()
    receivers.settles()
    receivers.teardown()
