"""The installed releases of servers: which one it is, and whether it is recent enough."""

import re
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
