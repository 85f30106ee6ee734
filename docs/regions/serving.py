"""The servers, and the options that some of them refuse."""

from collections.abc import Mapping

from docs.tables import table

from anysocket_adapters import Options, servers
from anysocket_adapters.options import OptionName

PROBES: Mapping[str, tuple[OptionName, Options]] = {
    "`--max-message-size` for an app that is neither anysocket's nor normalised": (
        "max_message_size",
        Options(max_message_size=1),
    ),
    "`--ping-interval` above 0": ("ping_interval", Options(ping_interval=20)),
    "`--ping-interval 0`": ("ping_interval", Options(ping_interval=0)),
    "`--ping-timeout`": ("ping_timeout", Options(ping_timeout=20)),
    "`--compression`": ("compression", Options(compression=True)),
    "`--no-compression`": ("compression", Options(compression=False)),
}
"""Every setting of an option that some server can't honour."""


def refusals() -> str:
    """List the options that each server refuses, and what it does instead."""
    rows: list[tuple[str, str, str]] = []
    for says, (option, options) in PROBES.items():
        for name, server in servers().items():
            instead = server.refuses(options).get(option)
            if instead is not None:
                rows.append((says, name, f"it {instead}"))
    return table(("option", "server", "because"), rows)


def server_rows() -> str:
    """List the registered servers."""
    return table(
        ("row", "package", "transport"),
        [
            (f"`{name}`", server.distribution, f"`{server.transport.__name__}`")
            for name, server in servers().items()
        ],
    )
