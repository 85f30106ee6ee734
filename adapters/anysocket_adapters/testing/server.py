"""`AnysocketServer`: one installed server for the applications of a test."""

from contextlib import ExitStack
from types import TracebackType
from typing import Self, Unpack

from anyio.from_thread import BlockingPortal, start_blocking_portal

from anysocket.asgi import ASGIApp
from anysocket_adapters import loops
from anysocket_adapters.options import Loop, OptionValues
from anysocket_adapters.serving.serving import running

__all__ = ["AnysocketServer"]


class AnysocketServer:
    """One installed server, which serves a test's applications until the test ends.

    The fixture `anysocket_server` gives one:

        def test_chat(anysocket_server: AnysocketServer) -> None:
            url = anysocket_server(app)
    """

    def __init__(self, name: str) -> None:
        self.name: str = name
        """The row's name, such as "granian"."""
        self._running = ExitStack()
        self._portals: dict[Loop, BlockingPortal] = {}

    def __call__(self, app: ASGIApp, **values: Unpack[OptionValues]) -> str:
        """Serve an app on a free port, in an event loop of its own in a thread, and give its URL.

        Args:
            app: the app itself.
            values: how to serve, as `running` takes it.

        Raises:
            ValueError: the address or an option isn't available; the message says why.
            ServerFailed: the server ended by itself.
        """
        portal = self._portal(values.get("loop", "asyncio"))
        return self._running.enter_context(
            portal.wrap_async_context_manager(running(app, self.name, **values))
        )

    def _portal(self, loop: Loop) -> BlockingPortal:
        """Give the one event loop of a kind: Twisted's reactor can't run in two at once."""
        if loop not in self._portals:
            loops.check(loop)
            backend = "trio" if loop == "trio" else "asyncio"
            options = {"use_uvloop": True} if loop == "uvloop" else {}
            self._portals[loop] = self._running.enter_context(start_blocking_portal(backend, options))
        return self._portals[loop]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()
