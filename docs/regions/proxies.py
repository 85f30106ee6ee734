"""The configurations of the proxies, and the results through each."""

from collections.abc import Iterable

from docs.tables import table
from tests.outside.configurations import (
    CONFIGURATIONS,
    NGINX_TLS,
    SERVERS,
    TLS,
    TLS_BEHIND,
    Configuration,
)

from anysocket_matrix.proxies import CONFIGURATIONS as FILES

SHOWN = (TLS, TLS_BEHIND, NGINX_TLS)
"""The configurations whose text is in docs/proxies.md."""


def proxies() -> str:
    """List the proxies' configurations, and the servers that work behind each."""
    folder = "matrix/anysocket_matrix/proxies/configurations"  # wherever it is installed
    rows = (
        (each.proxy.name, f"[{each.file}](../{folder}/{each.file})", each.does, *_through(each))
        for each in CONFIGURATIONS
    )
    return table(("", "file", "what it does", *SERVERS), rows)


def _through(configuration: Configuration) -> Iterable[str]:
    for server in SERVERS:
        page = server in configuration.pages
        over = {"": configuration.websockets.get(server)}
        if configuration.over_http2 is not None and configuration.over_http2.get(server) != over[""]:
            over = {"over HTTP/1.1 ": over[""], "over HTTP/2 ": configuration.over_http2.get(server)}
        if not any(over.values()):
            yield "**breaks:** WebSockets" if page else "**breaks**"
        elif not page:
            yield "**breaks:** pages"
        else:
            yield "; ".join(
                f"{peer}works, HTTP/{version}" if version else f"{peer}**breaks**"
                for peer, version in over.items()
            )


def configuration(file: str) -> str:
    """Show the text of a configuration, as it is tested."""
    return f"```\n{(FILES / file).read_text()}```"
