"""The proxy configurations that are tested and documented, and the result in front of each server."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from anysocket_matrix.proxies import CONFIGURATIONS as FOLDER
from anysocket_matrix.proxies import PROXIES, Proxy

SERVERS = ("uvicorn", "hypercorn", "granian")

EVERYWHERE: Mapping[str, str] = dict.fromkeys(SERVERS, "1.1")
HAPROXY, NGINX = PROXIES["haproxy"], PROXIES["nginx"]


@dataclass(frozen=True, slots=True)
class Configuration:
    """A proxy's file, and the result in front of each server."""

    proxy: Proxy
    file: str
    does: str
    """The description, in Markdown."""
    websockets: Mapping[str, str]
    """The HTTP version that handlers see, by server; on other servers no WebSocket opens."""
    over_http2: Mapping[str, str] | None = None
    """The same for peers over HTTP/2; None if there are none."""
    pages: Collection[str] = SERVERS
    """The servers whose answers to other requests get through."""
    tls: bool = False
    """Whether peers use TLS."""
    tls_behind: bool = False

    @property
    def text(self) -> str:
        """The file, unchanged."""
        return (FOLDER / self.file).read_text()


HTTP1 = Configuration(
    HAPROXY,
    "http1.cfg",
    "no TLS, HTTP/1.1 in front and behind",
    websockets=EVERYWHERE,
)
TLS = Configuration(
    HAPROXY,
    "tls.cfg",
    "TLS with HTTP/2 and HTTP/1.1 in front, HTTP/1.1 behind",
    tls=True,
    websockets=EVERYWHERE,
    over_http2=EVERYWHERE,
)
TLS_BEHIND = Configuration(
    HAPROXY,
    "tls_behind.cfg",
    "TLS behind too, HTTP/2 where the server has it, HTTP/1.1 for WebSockets: `alpn h2,http/1.1 ws h1`",
    tls=True,
    tls_behind=True,
    websockets=EVERYWHERE,
    over_http2=EVERYWHERE,
)
NGINX_HTTP1 = Configuration(
    NGINX,
    "http1.conf",
    "no TLS; `Upgrade` and `Connection` handed on",
    websockets=EVERYWHERE,
)
NGINX_TLS = Configuration(
    NGINX,
    "tls.conf",
    "TLS with HTTP/2 and HTTP/1.1 in front, HTTP/1.1 behind",
    tls=True,
    websockets=EVERYWHERE,
    over_http2={},
)
CONFIGURATIONS = (
    HTTP1,
    TLS,
    TLS_BEHIND,
    Configuration(
        HAPROXY,
        "http2_behind.cfg",
        "HTTP/2 behind, for WebSockets too: `proto h2`",
        tls=True,
        websockets={"hypercorn": "2"},
        over_http2={"hypercorn": "2"},
        pages=("hypercorn", "granian"),
    ),
    Configuration(
        HAPROXY,
        "http2_but_for_websockets.cfg",
        "HTTP/2 behind, HTTP/1.1 for WebSockets: `proto h2 ws h1`",
        tls=True,
        websockets=EVERYWHERE,
        over_http2=EVERYWHERE,
        pages=("hypercorn", "granian"),
    ),
    Configuration(
        HAPROXY,
        "http2_tls_behind.cfg",
        "TLS behind too, HTTP/2 for WebSockets too: `alpn h2`",
        tls=True,
        tls_behind=True,
        websockets={"uvicorn": "1.1", "hypercorn": "2"},
        over_http2={"uvicorn": "1.1", "hypercorn": "2"},
    ),
    Configuration(
        HAPROXY,
        "tcp.cfg",
        "TLS and all else left to the server: `mode tcp`",
        tls=True,
        tls_behind=True,
        websockets=EVERYWHERE,
        over_http2={"hypercorn": "2"},
    ),
    NGINX_HTTP1,
    NGINX_TLS,
    Configuration(
        NGINX,
        "without_upgrade.conf",
        "as http1.conf, but `Upgrade` and `Connection` are dropped, as nginx does by itself",
        websockets={},
    ),
)
