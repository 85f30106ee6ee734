"""The repairs of daphne's server, which once a second looks for failed applications, as of 4.2.

A failure that daphne can't answer, such as one in the middle of a response over HTTP, raises out of
that look. No other look follows, and no later failure on any connection is answered.
"""

import asyncio
import logging
from collections.abc import Mapping, MutableMapping

from anysocket_adapters.daphne.typed import Server
from anysocket_adapters.repairs.repair import Repairs

_log = logging.getLogger("anysocket")

_APPLICATION = "application_instance"

SERVER = Repairs("daphne", "daphne.server:Server")


@SERVER.repair(needs=("connections",))
class KnowsConnections(Server):
    """Without it a server that stops doesn't wait for its applications."""

    def known_connections(self) -> Mapping[object, MutableMapping[str, object]]:
        """Give what daphne notes of each protocol."""
        return self.connections


@SERVER.repair(needs=("application_checker", "connections"))
class KeepsLooking(Server):
    """Goes on after a failure that daphne can't answer."""

    def application_checker(self) -> None:
        try:
            super().application_checker()
        except Exception:
            _log.exception("daphne can't answer a failure")
            if self._forget_failure():
                self.application_checker()

    def _forget_failure(self) -> bool:
        """Forget the application that raised: the first that has ended and is still known."""
        for details in self.connections.values():
            application = details.get(_APPLICATION)
            if isinstance(application, asyncio.Future) and application.done():
                del details[_APPLICATION]
                return True
        return False
