"""What to do when a server's inside looks different from what a repair knows."""

import logging
from functools import cache
from importlib.metadata import PackageNotFoundError, version

_log = logging.getLogger("anysocket")


@cache
def unknown(distribution: str, repair: str) -> None:
    """Say, once for each, that a repair can't be made on this version of a server.

    The connection then behaves as the capability's absence says, and as the server does.
    """
    try:
        installed = version(distribution)
    except PackageNotFoundError:
        installed = "of an unknown version"
    _log.warning(
        "%s %s looks different inside: without %s. Is there a newer anysocket?",
        distribution,
        installed,
        repair,
    )
