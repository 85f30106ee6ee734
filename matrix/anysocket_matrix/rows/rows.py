"""The rows of the matrix: a server, its event loop, and the protocol and proxy that peers reach it by."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from anysocket import Capabilities, Support
from anysocket.capabilities import described
from anysocket.transport import Transport
from anysocket_adapters import Server, servers
from anysocket_adapters import loops as installed_loops
from anysocket_adapters.options import Loop
from anysocket_adapters.registry import choose
from anysocket_matrix.case import LIFECYCLE_LAYERS, Case, Layer, cases
from anysocket_matrix.proxies import BY_CHANCE, PROXIES, Proxy

HTTP2 = "h2"
TLS = "tls"


@dataclass(frozen=True, slots=True)
class Row:
    """One variant of a server, such as `hypercorn+trio+h2+tls`."""

    server: Server
    loop: Loop = "asyncio"
    http2: bool = False
    """Whether the peer speaks HTTP/2 (RFC 8441)."""
    tls: bool = False
    proxy: Proxy | None = None
    """The proxy that peers connect to; `tls` then ends at the proxy."""
    lifecycle: bool = True
    """Whether the cases of the server's start and end run."""

    @property
    def name(self) -> str:
        """The row's name for `--server`; asyncio, HTTP/1.1 and no TLS are left out."""
        loop = [] if self.loop == "asyncio" else [self.loop]
        proxy = [] if self.proxy is None else [self.proxy.name]
        return "+".join([self.server.name, *loop, *[HTTP2] * self.http2, *[TLS] * self.tls, *proxy])

    @property
    def behind(self) -> "Row":
        """The row of the server alone, which needs no TLS behind a proxy."""
        if self.proxy is None:
            return self
        return replace(self, http2=self.proxy.http2_behind, tls=False, proxy=None)

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities that the server's adapter declares for this variant, with the proxy's changes."""
        own = self.behind._transport.declared
        if self.proxy is None:
            return own
        end_of_tls = {"peer_scheme": Support.ABSENT} if self.tls else {}
        return replace(own, **{**self.proxy.changes(http2=self.http2).capabilities, **end_of_tls})

    @property
    def plain(self) -> bool:
        """Whether the cases run over the plain transport.

        They don't behind a proxy: rows without one show whether the server or its adapter does the work.
        """
        return self.server.plain and self.proxy is None

    def runs(self, case: Case) -> bool:
        """Return whether a case runs on this row; lifecycle cases, for example, run only without a proxy."""
        if case.layers == LIFECYCLE_LAYERS and not self.lifecycle:
            return False
        return self.proxy is None or (case.layers != LIFECYCLE_LAYERS and case.id not in BY_CHANCE)

    @property
    def with_lifecycle_once(self) -> "Row":
        """The row; without the lifecycle cases where a variant without uvloop or TLS runs them alike."""
        return replace(self, lifecycle=self.loop != "uvloop" and not self.tls)

    @property
    def known_failures(self) -> Mapping[str, str]:
        """The cases that are known to fail, each with the address of a thread about it."""
        own = self.server.known_failures
        return own if self.proxy is None else {**own, **self.proxy.changes(http2=self.http2).known_failures}

    @property
    def _transport(self) -> type[Transport]:
        if not self.http2:
            return self.server.transport
        if self.server.http2 is None:
            able = [each.name for each in servers().values() if each.http2 is not None]
            raise ValueError(
                f"{self.server.name} has no WebSockets over HTTP/2. These servers have: {', '.join(able)}"
            )
        return self.server.http2

    def check(self) -> "Row":
        """Check that this row can be run.

        Raises:
            ValueError: the row can't be run; the message says why.
        """
        installed_loops.check(self.loop)
        if self.loop not in self.server.loops:
            raise ValueError(f"{self.server.name} runs on {', '.join(self.server.loops)}, not on {self.loop}")
        self.behind._transport  # noqa: B018  # raises where there is no HTTP/2
        ids = {case.id for case in cases()}
        for known in self.known_failures:
            if known not in ids:
                raise ValueError(f"{self.name}: its known failure {known!r} isn't a case")
        for name in unseen_repairs(self.capabilities, plain=self.server.plain):
            raise ValueError(
                f"{self.name} declares {name} repaired, but no case on it distinguishes that from native: "
                "declare it native"
            )
        if self.proxy is not None:
            self.proxy.version  # noqa: B018  # raises where it isn't installed
            self.proxy.configuration(tls=self.tls)
        return self


def unseen_repairs(capabilities: Capabilities, *, plain: bool) -> list[str]:
    """Return the capabilities that are declared repaired although no case can show it."""
    seen = {name for case in cases() if plain and _connects(case) for name in case.requires}
    return [
        name for name in described() if getattr(capabilities, name) is Support.REPAIRED and name not in seen
    ]


def _connects(case: Case) -> bool:
    return Layer.ADAPTER in case.layers and Layer.NORMALISED in case.layers


def row(name: str) -> Row:
    """Find a row by its name, with the variants in any order.

    Raises:
        ValueError: there is no such row, or it can't be run; the message says why.
    """
    server, *variants = name.split("+")
    loops: tuple[Loop, ...] = get_args(Loop)
    known = (*loops, HTTP2, TLS, *PROXIES)
    unknown = [each for each in variants if each not in known]
    if unknown:
        raise ValueError(f"row {name!r}: there is no variant {unknown[0]!r}: {', '.join(known)}")
    chosen: list[Loop] = [loop for loop in loops if loop in variants]
    if len(chosen) > 1:
        raise ValueError(f"row {name!r} has more than one loop: {' and '.join(chosen)}")
    through = [proxy for proxy in PROXIES.values() if proxy.name in variants]
    if len(through) > 1:
        raise ValueError(f"row {name!r} has more than one proxy: {' and '.join(PROXIES)}")
    return Row(
        choose(server),
        chosen[0] if chosen else "asyncio",
        HTTP2 in variants,
        TLS in variants,
        through[0] if through else None,
    ).check()


def rows(names: Sequence[str], *, variants: bool, proxies: bool) -> list[Row]:
    """Return the rows of these names, or the rows of all installed servers.

    Args:
        names: names for `--server`.
        variants: also every variant of each server.
        proxies: also each server behind every proxy.

    Raises:
        ValueError: a row doesn't exist or can't be run, or no server is installed.
    """
    installed = [server.name for server in servers().values() if server.version is not None]
    if not names and not installed:
        raise ValueError("no server is installed: pip install 'anysocket[all]'")
    chosen = [row(name) for name in dict.fromkeys(names or installed)]
    more = [
        each
        for base in chosen
        for each in [
            base,
            *(_variants(base.server) if variants else ()),
            *(_fronted(base.server) if proxies else ()),
        ]
    ]
    return list(_once_over_http2(dict.fromkeys(more)))


def _once_over_http2(found: Iterable[Row]) -> Iterator[Row]:
    """Leave out what another row of the same distribution proves: HTTP/2 with the same transport."""
    seen = set[object]()
    for each in found:
        key = (each.server.distribution, each.server.http2, each.loop, each.tls, each.proxy)
        if each.http2 and key in seen:
            continue
        if each.http2:
            seen.add(key)
        yield each


def _variants(server: Server) -> Iterator[Row]:
    """Yield the variants that differ in behaviour: TLS only matters if it also chooses the HTTP version."""
    for loop in server.loops:
        yield Row(server, loop).check()
        if server.http2 is not None:
            yield Row(server, loop, tls=True)
            yield Row(server, loop, http2=True)
            yield Row(server, loop, http2=True, tls=True)


def _fronted(server: Server) -> Iterator[Row]:
    """Yield the server behind each possible proxy, reached as browsers do: over HTTP/2 with TLS."""
    for proxy in PROXIES.values():
        if proxy.http2_behind and server.http2 is None:
            continue
        if proxy.plain is not None:
            yield Row(server, proxy=proxy).check()
        if proxy.over_http2 is not None:
            yield Row(server, http2=True, tls=True, proxy=proxy).check()
