"""The failures of applications, which daphne 4.2 looks for once a second.

One that it can't answer, such as that of an application within its answer over http, raises out of
the look: none follows, and no later failure on any connection is answered.
"""

import asyncio
import logging
from collections.abc import Callable, MutableMapping
from typing import Protocol

_log = logging.getLogger("anysocket")

_APPLICATION = "application_instance"


class LookingServer(Protocol):
    """What is used of `daphne.server.Server`."""

    connections: MutableMapping[object, MutableMapping[str, object]]
    application_checker: Callable[[], None]


def keep_looking(server: LookingServer) -> None:
    """Have a server look on, past a failure that it can't answer."""
    look = server.application_checker

    def looking() -> None:
        try:
            look()
        except Exception:
            _log.exception("daphne can't answer a failure")
            if _forget_the_first(server):
                looking()

    server.application_checker = looking


def _forget_the_first(server: LookingServer) -> bool:
    """Forget the application that daphne couldn't answer for: the first that has ended and is still known."""
    for details in server.connections.values():
        application = details.get(_APPLICATION)
        if isinstance(application, asyncio.Future) and application.done():
            del details[_APPLICATION]
            return True
    return False
