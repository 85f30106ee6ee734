"""Which rows have what is needed, and what the others lack."""

from collections.abc import Sequence
from dataclasses import dataclass

from anysocket import Support
from anysocket_adapters import Server, servers
from anysocket_adapters.options import Loop
from anysocket_matrix.choosing.needs import HTTP2, Need
from anysocket_matrix.quirks import QUIRKS
from anysocket_matrix.rows.rows import Row


@dataclass(frozen=True, slots=True)
class Lack:
    """A need that a row doesn't fulfil."""

    need: Need
    does: tuple[str, ...]
    """What the server does instead."""
    upstream: tuple[str, ...]
    """The addresses of the threads about it."""
    instead: tuple[str, ...]
    """Other configurations of the same server, as `--server` calls them, that have it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A row, and what it lacks of what is needed."""

    row: Row
    lacks: tuple[Lack, ...]


def rows() -> list[Row]:
    """Give every server's rows that differ in what they have: installed or not, over HTTP/1.1 and HTTP/2."""
    both = ((server, http2) for server in servers().values() for http2 in (False, True))
    return [Row(server, http2=http2) for server, http2 in both if server.http2 or not http2]


def judge(needs: Sequence[Need]) -> list[Judged]:
    """Judge each server by the variant that the needs ask for; those that lack least come first."""
    judged = [_judge(row_for(server, needs), needs) for server in servers().values()]
    return sorted(judged, key=lambda each: len(each.lacks))


def row_for(server: Server, needs: Sequence[Need]) -> Row:
    """Give a server's variant that the needs ask for, as far as it has one."""
    loops: list[Loop] = [need.loop for need in needs if need.loop is not None and need.loop in server.loops]
    http2 = HTTP2 in needs and server.http2 is not None
    return Row(server, loops[0] if loops else "asyncio", http2, tls=any(need.tls for need in needs))


def has(row: Row, need: Need) -> bool:
    """Tell whether a row fulfils a need."""
    if need.loop is not None:
        return need.loop in row.server.loops
    if need.capability:
        support: Support = getattr(row.capabilities, need.capability)
        return support is not Support.ABSENT
    return True  # TLS, which every server does


def command(row: Row) -> str:
    """Give the command that serves an app on a row."""
    loop = [] if row.loop == "asyncio" else ["--loop", row.loop]
    tls = ["--tls-certificate", "FILE", "--tls-key", "FILE"] if row.tls else []
    return " ".join(["anysocket", "serve", "MODULE:APP", "--server", row.server.name, *loop, *tls])


def _judge(row: Row, needs: Sequence[Need]) -> Judged:
    return Judged(row, tuple(_lack(row, need, needs) for need in needs if not has(row, need)))


def _lack(row: Row, need: Need, needs: Sequence[Need]) -> Lack:
    instead = tuple(
        other.name
        for other in servers().values()
        if other.distribution == row.server.distribution and has(row_for(other, needs), need)
    )
    if need.loop is not None:
        return Lack(need, (f"It runs on {', '.join(row.server.loops)}.",), (), instead)
    found = [quirk for quirk in QUIRKS if need.capability in quirk.absent and quirk.affects(row.name)]
    return Lack(
        need,
        tuple(quirk.does for quirk in found),
        tuple(dict.fromkeys(address for quirk in found for address in quirk.links().values())),
        instead,
    )
