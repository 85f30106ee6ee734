"""What a run measures: each round as it was, so that whoever doubts a figure can compute it anew."""

from pathlib import Path

import msgspec

from anysocket_matrix.results.files import read_json, write_bytes


class Environment(msgspec.Struct, frozen=True):
    """What the figures depend on."""

    anysocket: str
    python: str
    platform: str
    processor: str
    cores: int
    """As many as the run may use; with more than one, the client has another than the servers."""
    load: float
    """Processes that wanted a processor, on average over the minute before the run."""
    loop: str
    started: str
    """When, as RFC 3339 has it."""
    packages: dict[str, str]
    """The version of each distribution that takes part."""


class Round(msgspec.Struct, frozen=True, omit_defaults=True):
    """One app in one scenario, once."""

    server: str
    app: str
    scenario: str
    number: int
    """Which round; all apps of a server have each of them side by side."""
    count: int
    """Messages, deliveries or connections."""
    seconds: float
    cpu: float
    """Seconds of a processor that the server's processes have used."""
    client: float
    """Seconds of a processor that the client has used."""
    p50: float | None = None
    """Seconds that half of the messages have taken at most."""
    p99: float | None = None
    memory: float | None = None
    """Bytes for each connection, where that is measured."""


class Trouble(msgspec.Struct, frozen=True):
    """Why something is missing."""

    server: str
    app: str
    scenario: str
    why: str
    log: str


class Results(msgspec.Struct, frozen=True):
    """One run."""

    environment: Environment
    units: dict[str, str]
    """The scenarios that were run, each with what it counts."""
    connections: dict[str, int]
    """Those of them that have many connections, each with how many."""
    commands: dict[str, dict[str, str]]
    """By server and app, what has served it."""
    rounds: list[Round]
    troubles: list[Trouble]


def write(path: Path, results: Results) -> None:
    """Write results, a round in each line."""
    head = msgspec.json.encode(msgspec.structs.replace(results, rounds=[], troubles=[]))
    rounds = b",\n".join(map(msgspec.json.encode, results.rounds))
    troubles = b",\n".join(map(msgspec.json.encode, results.troubles))
    start = head.removesuffix(b'"rounds":[],"troubles":[]}')
    write_bytes(path, start + b'"rounds":[\n' + rounds + b'],\n"troubles":[\n' + troubles + b"]}\n")


def read(path: Path) -> Results:
    """Read what `write` has written.

    Raises:
        ValueError: it can't be read, or is something else; names the file.
    """
    return read_json(path, Results, "results of anysocket bench")
