"""What a server does since one of its releases, as the installed version goes."""

import re
from importlib.metadata import PackageNotFoundError, version


def since(distribution: str, release: str) -> bool:
    """Tell whether a distribution is of this release or a newer one, as it is where it isn't installed."""
    try:
        installed = version(distribution)
    except PackageNotFoundError:
        return True
    return at_least(installed, release)


def at_least(version: str, release: str) -> bool:
    """Tell whether a version, of which the numbers count, is this release or a newer one."""
    return _numbers(version) >= _numbers(release)


def _numbers(version: str) -> list[int]:
    return [int(each) for each in re.findall(r"\d+", version)[:3]]
