"""The installed releases of servers: which one it is, and whether it is recent enough."""

import logging
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, version


def installed(distribution: str) -> str:
    """Give the installed version of a distribution, for people."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "of an unknown version"


def installed_at_least(distribution: str, release: str) -> bool:
    """Tell whether a distribution is of this release or a newer one, as it is where it isn't installed."""
    try:
        return at_least(version(distribution), release)
    except PackageNotFoundError:
        return True


def at_least(version: str, release: str) -> bool:
    """Tell whether a version, of which the numbers count, is this release or a newer one."""
    return _numbers(version) >= _numbers(release)


def _numbers(version: str) -> list[int]:
    return [int(each) for each in re.findall(r"\d+", version)[:3]]


_log = logging.getLogger("anysocket")


@cache
def unknown(distribution: str, repair: str) -> None:
    """Say, once for each, that a repair can't be made on this version of a server."""
    _log.warning(
        "%s %s looks different inside: without %s. Is there a newer anysocket?",
        distribution,
        installed(distribution),
        repair,
    )
