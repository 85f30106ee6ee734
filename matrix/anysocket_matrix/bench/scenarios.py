"""The scenarios: the path that every app answers, and the client's work there."""

from collections.abc import Sequence
from enum import Enum
from random import Random

import msgspec


class Kind(Enum):
    """The client's work."""

    ECHO = "echo"
    """Sends a message on the first connection, and the next one when the reply has come."""
    COMPRESSED = "compressed"
    """The same, with permessage-deflate."""
    PUSH = "push"
    """Asks for a number of messages, and again when all have come."""
    BROADCAST = "broadcast"
    """Sends one message on one of many connections, and the next one when all have received it."""
    CONNECT = "connect"
    """Connects, waits until the server closes, and connects again."""
    IDLE = "idle"
    """Connects many times, and does nothing."""


class Scenario(msgspec.Struct, frozen=True):
    """One scenario, which is one line of the table."""

    name: str
    kind: Kind
    path: str
    says: str
    unit: str = "message"
    """The unit that is counted."""
    payload: bytes = b""
    """The payload of each message that the client sends."""
    binary: bool = False
    in_flight: int = 1
    """The number of messages in flight at a time."""
    connections: int = 1
    batch: int = 1
    """The number of messages that follow each message from the client."""

    @property
    def memory(self) -> bool:
        """Whether the memory of connections is measured, in a fresh process."""
        return self.connections > 1


PUSHED = 100
"""The number of messages that the client asks for at a time."""

_SAID = {"user": "ada", "text": "x" * 32}

_USERS = ("ada", "edsger", "grace")

_WORDS = """
a about after all and are as at be been but by call can come could day did do down each find first for
from get go has have her him how if in into is it like long look made make many more my no not now number
of on one or other out over part people said see she so some than that the their them then there these
they this time to two up use was water way we were what when which who will with word would write you your
"""


def _chat(size: int) -> bytes:
    """Generate the beginning of a chat in JSON, always the same: 1 KiB of it is compressed to 382 B."""
    said, words = Random(7692), _WORDS.split()
    messages = [
        {"id": number, "user": said.choice(_USERS), "text": " ".join(said.choices(words, k=9))}
        for number in range(1000, 1000 + size // 50)  # every message has at least 50 B
    ]
    return msgspec.json.encode(messages)[:size]


def _echo(name: str, size: int, says: str, in_flight: int = 1) -> Scenario:
    return Scenario(name, Kind.ECHO, "/echo", says, payload=b"x" * size, in_flight=in_flight)


SCENARIOS: Sequence[Scenario] = (
    _echo("echo-32", 32, "echo of a text of 32 B"),
    _echo("echo-1k", 1024, "echo of a text of 1 KiB"),
    _echo("echo-64k", 64 * 1024, "echo of a text of 64 KiB"),
    _echo("echo-1m", 1024 * 1024, "echo of a text of 1 MiB"),
    _echo("in-flight", 32, "echo of a text of 32 B, with 64 of them in flight", in_flight=64),
    Scenario(
        "compressed",
        Kind.COMPRESSED,
        "/echo",
        "echo of a text of 1 KiB, a chat in JSON, with permessage-deflate",
        payload=_chat(1024),
    ),
    Scenario(
        "push",
        Kind.PUSH,
        "/push",
        f"{PUSHED} texts of 32 B for each request; the latency is that of all {PUSHED}",
        payload=str(PUSHED).encode(),
        batch=PUSHED,
    ),
    Scenario(
        "json",
        Kind.ECHO,
        "/json",
        "an object of two texts, decoded and encoded again as JSON",
        payload=msgspec.json.encode(_SAID),
    ),
    Scenario(
        "msgpack",
        Kind.ECHO,
        "/msgpack",
        "an object of two texts, decoded and encoded again as MessagePack",
        payload=msgspec.msgpack.encode(_SAID),
        binary=True,
    ),
    Scenario(
        "connect",
        Kind.CONNECT,
        "/connect/7",
        "a connection, from the TCP connection to the server's close; the path has a parameter",
        unit="connection",
    ),
    Scenario(
        "broadcast",
        Kind.BROADCAST,
        "/broadcast",
        "a text of 32 B from one connection to all",
        unit="delivery",
        payload=b"x" * 32,
        connections=200,
    ),
    Scenario(
        "crowd",
        Kind.ECHO,
        "/echo",
        "echo of a text of 32 B on one connection, beside many idle ones",
        payload=b"x" * 32,
        connections=2000,
    ),
    Scenario("idle", Kind.IDLE, "/echo", "idle connections", unit="connection", connections=2000),
)

COLLECT = Scenario("collect", Kind.CONNECT, "/collect", "garbage is collected")
"""The step that every app does before its memory is measured."""


def choose(names: Sequence[str], connections: int | None) -> list[Scenario]:
    """Return the scenarios of these names, or all; those with many connections get this number of them.

    Raises:
        ValueError: there is no such scenario.
    """
    known = {scenario.name: scenario for scenario in SCENARIOS}
    for name in names:
        if name not in known:
            raise ValueError(f"there is no scenario {name!r}: choose from {', '.join(known)}")
    chosen = [known[name] for name in known if not names or name in names]
    return [
        msgspec.structs.replace(each, connections=connections) if connections and each.memory else each
        for each in chosen
    ]
