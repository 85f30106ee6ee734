"""The URL that a peer asked for."""

from urllib.parse import urlsplit

from anysocket.handshake import Handshake

_DEFAULT_PORTS = {"ws": 80, "wss": 443}


class URL(str):
    """An absolute URL, which is a str, with its parts (RFC 3986 section 3, RFC 6455 section 3)."""

    __slots__ = ()

    @classmethod
    def of(cls, handshake: Handshake) -> "URL":
        """Make the URL of a request; without a valid Host header, from the server's address."""
        host = next((value.decode("latin-1") for name, value in handshake.headers if name == b"host"), "")
        if not _is_host(host):  # the peer may have sent anything
            host = ""
        if not host and handshake.server is not None:
            name, port = handshake.server
            host = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
        query = f"?{handshake.query_string.decode('latin-1')}" if handshake.query_string else ""
        return cls(f"{handshake.scheme}://{host}{handshake.raw_path.decode('latin-1')}{query}")

    @property
    def scheme(self) -> str:
        """`ws` or `wss`."""
        return urlsplit(self).scheme

    @property
    def host(self) -> str:
        """The name or address of the host, in lower case."""
        return urlsplit(self).hostname or ""

    @property
    def port(self) -> int | None:
        """The port; the default of the scheme if none is given."""
        return urlsplit(self).port or _DEFAULT_PORTS.get(self.scheme)

    @property
    def path(self) -> str:
        """The path, percent-encoded, with the root path."""
        return urlsplit(self).path

    @property
    def query(self) -> str:
        """The query string, percent-encoded."""
        return urlsplit(self).query


def _is_host(text: str) -> bool:
    """Whether a text is a host with an optional port, without a user's name."""
    try:
        parts = urlsplit(f"//{text}")
        return parts.netloc == text and "@" not in text and parts.port != 0
    except ValueError:
        return False
