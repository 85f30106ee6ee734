"""The measured rounds, unprocessed, so that readers can recompute every figure."""

from pathlib import Path

import msgspec

from anysocket_matrix.results.files import read_json, write_bytes


class Environment(msgspec.Struct, frozen=True):
    """The environment that the figures depend on."""

    anysocket: str
    python: str
    platform: str
    processor: str
    cores: int
    """The number of CPUs that the run may use; with more than one, the client has its own."""
    load: float
    """The average number of processes that waited for a CPU, over the minute before the run."""
    loop: str
    started: str
    """The time of the start, as in RFC 3339."""
    packages: dict[str, str]
    """The version of each distribution involved."""


class Round(msgspec.Struct, frozen=True, omit_defaults=True):
    """One app in one scenario, once."""

    server: str
    app: str
    scenario: str
    number: int
    """The number of the round; in each round all apps of a server run side by side."""
    count: int
    """Messages, deliveries or connections."""
    seconds: float
    cpu: float
    """Seconds of CPU time of the server's processes."""
    client: float
    """Seconds of CPU time of the client."""
    p50: float | None = None
    """The median latency in seconds."""
    p99: float | None = None
    memory: float | None = None
    """Bytes for each connection, if memory is measured."""


class Trouble(msgspec.Struct, frozen=True):
    """The reason why something is missing."""

    server: str
    app: str
    scenario: str
    why: str
    log: str


class Results(msgspec.Struct, frozen=True):
    """One run."""

    environment: Environment
    units: dict[str, str]
    """The scenarios that were run, each with the unit that it counts."""
    connections: dict[str, int]
    """The scenarios with many connections, each with their number."""
    commands: dict[str, dict[str, str]]
    """The command that has served each app, by server and app."""
    rounds: list[Round]
    troubles: list[Trouble]


def write(path: Path, results: Results) -> None:
    """Write results, with one round on each line."""
    head = msgspec.json.encode(msgspec.structs.replace(results, rounds=[], troubles=[]))
    rounds = b",\n".join(map(msgspec.json.encode, results.rounds))
    troubles = b",\n".join(map(msgspec.json.encode, results.troubles))
    start = head.removesuffix(b'"rounds":[],"troubles":[]}')
    write_bytes(path, start + b'"rounds":[\n' + rounds + b'],\n"troubles":[\n' + troubles + b"]}\n")


def read(path: Path) -> Results:
    """Read results that `write` has written.

    Raises:
        ValueError: they can't be read, or the file has other content; the message names it.
    """
    return read_json(path, Results, "results of anysocket bench")
