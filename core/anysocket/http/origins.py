"""The web pages that may connect (RFC 6455 sections 4.2.2 and 10.2).

A browser lets any page open a WebSocket to any server, with the user's cookies. It names the page
in the Origin header. Other clients send no such header, and aren't refused.
"""

import re
from collections.abc import Iterable

from anysocket.handshake import RawHeaders

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@*\s]+|file://|null", re.IGNORECASE)
_WILDCARD = re.compile(r"([a-z][a-z0-9+.-]*://)\*(\.[^/?#@*\s.]+\.[^/?#@*\s]+)", re.IGNORECASE)
_DEFAULT_PORT = {"http": ":80", "https": ":443"}


class Origins:
    """Decides by the Origin header whether a page may connect."""

    def __init__(self, allowed: Iterable[str] | None) -> None:
        """Allow some pages.

        Args:
            allowed: origins such as `https://example.com`. `https://*.example.com` stands for each
                host with one label more, `file://` and `null` for pages without a host, `*` for
                every page. None allows the pages of the same host, by the Host header.

        Raises:
            ValueError: one of them isn't an origin.
        """
        if isinstance(allowed, str) and allowed != "*":
            raise ValueError(f"origins={allowed!r} must be several: write origins=[{allowed!r}]")
        self._allowed = None if allowed is None else frozenset(map(_normal, allowed))
        for origin in self._allowed or ():
            if origin != "*" and not _ORIGIN.fullmatch(origin) and not _WILDCARD.fullmatch(origin):
                raise ValueError(
                    f"{origin!r} isn't an origin: write scheme://host, scheme://host:port or scheme://*.domain"
                )

    def refused(self, headers: RawHeaders) -> str | None:
        """Return the origin if it may not connect, otherwise None.

        More than one Origin line is refused, and so is an empty one: no browser sends them
        (RFC 6454 section 7.3).
        """
        if self._allowed is not None and "*" in self._allowed:
            return None
        line, another = None, None
        for name, value in headers:
            if name == b"origin":
                line, another = value, line
        if line is None:
            return None
        origin = line.decode("latin-1")
        if another is not None:
            return f"{another.decode('latin-1')}, {origin}"
        normal = _normal(origin)
        if self._allowed is None:
            # The scheme isn't compared: behind a proxy that ends TLS it is unknown.
            scheme, _, own = normal.partition("://")
            host = dict(headers).get(b"host", b"").decode("latin-1").lower()
            allowed = own != "" and own == host.removesuffix(_DEFAULT_PORT.get(scheme, ""))
        else:
            allowed = normal in self._allowed or _of_any_subdomain(normal) in self._allowed
        return None if allowed else origin


def _of_any_subdomain(origin: str) -> str | None:
    """Write an origin with `*` in place of its host's first label; None for a host of one label."""
    scheme, _, host = origin.partition("://")
    label, _, domain = host.partition(".")
    return f"{scheme}://*.{domain}" if label and label != "*" and domain else None


def _normal(origin: str) -> str:
    """Write an origin as browsers do: in lower case, without the default port (RFC 6454 section 6.2)."""
    origin = origin.lower()
    return origin.removesuffix(_DEFAULT_PORT.get(origin.partition("://")[0], ""))
