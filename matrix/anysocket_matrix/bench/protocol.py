"""The messages between the benchmark and its client, each a line of JSON."""

import msgspec

from anysocket_matrix.bench.scenarios import Scenario


class Open(msgspec.Struct, frozen=True, tag=True):
    """Open this many more connections to an app's path."""

    url: str
    scenario: Scenario
    connections: int


class Run(msgspec.Struct, frozen=True, tag=True):
    """Keep the app busy for a time, over the connections of this address."""

    url: str
    seconds: float


class Shut(msgspec.Struct, frozen=True, tag=True):
    """Close all connections of this address."""

    url: str


class Done(msgspec.Struct, frozen=True, tag=True):
    """The command is done; the figures are those of a run."""

    count: int = 0
    seconds: float = 0
    cpu: float = 0
    """Seconds of CPU time that the client has used meanwhile."""
    p50: float | None = None
    p99: float | None = None


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The command has failed; the connections to the app are closed."""

    why: str


Command = Open | Run | Shut

Answer = Done | Failed
