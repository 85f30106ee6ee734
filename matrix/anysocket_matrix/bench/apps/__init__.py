"""The apps that are compared: one module each, with the same paths.

`/echo` sends back each message; `/push` sends as many texts of 32 B as the message says; `/json`
and `/msgpack` decode an object with user and text, and send it back encoded again; `/broadcast`
sends "joined", and then each message from any of its connections to all of them;
`/connect/{number}` is accepted and closed; `/collect` collects garbage, then is accepted and closed.
"""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import msgspec

RAW = "raw"
"""The app that the others are compared with."""

RAW_SANSIO = "raw-sansio"
"""The raw app on uvicorn's own websockets-sansio, in the same rounds as on anysocket's connection."""

RAW_RSGI = "raw-rsgi"

RSGI_TO_THE_END = "raw-rsgi-to-the-end"
"""The raw app, which also keeps clause C3 of the contract, as anysocket does: it shows the cost of that."""

OVER_RSGI = (RAW_RSGI, RSGI_TO_THE_END)

OURS = "anysocket"


class App(msgspec.Struct, frozen=True):
    """An app, and how it handles messages that aren't plain text."""

    name: str
    module: str
    """The app's module, below this package."""
    distribution: str
    json: str
    attribute: str = "app"
    only: tuple[str, ...] = ()
    """The scenarios that it has; empty if it has all of them."""

    def has(self, scenario: str) -> bool:
        """Return whether it has a scenario."""
        return not self.only or scenario in self.only

    @property
    def target(self) -> str:
        """The app's target, in the form that servers take."""
        return f"{__name__}.{self.module}:{self.attribute}"

    @property
    def version(self) -> str | None:
        """The installed version, or None."""
        try:
            return version(self.distribution)
        except PackageNotFoundError:
            return None


BESIDE: Sequence[App] = tuple(
    App(name, "", distribution, "-", only=("echo-32", "echo-1k", "echo-64k", "in-flight", "push", "connect"))
    for name, distribution in (
        ("websockets", "websockets"),
        ("aiohttp", "aiohttp"),
        ("picows-coroutines", "picows"),
        ("picows", "picows"),
        ("socketify", "socketify"),
    )
)
"""Servers that aren't ASGI's, in the same rounds as anysocket's connection on uvicorn."""

APPS: Sequence[App] = (
    App(RAW, "raw", "anysocket", "json of the standard library, not validated"),
    App(RAW_SANSIO, "raw", "anysocket", "json of the standard library, not validated"),
    App(RAW_RSGI, "raw_rsgi", "anysocket", "json of the standard library, not validated"),
    App(
        RSGI_TO_THE_END, "raw_rsgi", "anysocket", "json of the standard library, not validated", "to_the_end"
    ),
    App(OURS, "anysocket", "anysocket", "a msgspec.Struct, validated"),
    App("starlette", "frameworks.starlette", "starlette", "receive_json and send_json, not validated"),
    App("fastapi", "frameworks.fastapi", "fastapi", "a model of Pydantic, validated"),
    App("blacksheep", "frameworks.blacksheep", "blacksheep", "receive_json and send_json, not validated"),
    App("bareasgi", "frameworks.bareasgi", "bareasgi", "json of the standard library, not validated"),
    App(
        "litestar", "frameworks.litestar", "litestar", "receive_json and send_json, by msgspec, not validated"
    ),
    App("quart", "frameworks.quart", "quart", "receive_json and send_json, not validated"),
    App("falcon", "frameworks.falcon", "falcon", "receive_media and send_media, not validated"),
    *BESIDE,
)

FRAMEWORKS: Sequence[str] = [app.name for app in APPS if app.module.startswith("frameworks.")]


def choose(names: Sequence[str]) -> list[App]:
    """Return the raw app, with which all are compared, and the apps of these names, or anysocket's alone.

    Raises:
        ValueError: there is no such app, or its framework isn't installed.
    """
    known = {app.name: app for app in APPS}
    for name in names:
        if name not in known:
            raise ValueError(f"there is no app {name!r}: choose from {', '.join(known)}")
        if known[name].version is None:
            raise ValueError(f"{name} isn't installed: pip install {known[name].distribution}")
    wanted = {RAW, *(names or (RAW_RSGI, OURS))}
    return [app for app in APPS if app.name in wanted]
