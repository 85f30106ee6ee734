"""A conformance case: its clause, the capabilities it requires, and the program that runs on the server."""

import importlib
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import TypeAlias, cast

import anyio

from anysocket import WebSocketRequest
from anysocket.asgi import Receive, Scope, Send
from anysocket.capabilities import Capabilities, Support, described
from anysocket.session.websocket import CLOSE_TIMEOUT, MAX_MESSAGE_SIZE

_CASES_PACKAGE = "anysocket_matrix.conformance"

CASES_FOLDER = Path(__file__).parent / "conformance"
"""The folder of the cases."""


class Notes(list[object]):
    """A handler's notes for its case, and a gate at which the handler can wait for its peer."""

    def __init__(self) -> None:
        super().__init__()
        self._gate = anyio.Event()

    async def gate(self) -> None:
        """Wait until the peer calls `open_gate`."""
        await self._gate.wait()

    def open_gate(self) -> None:
        """Open the gate."""
        self._gate.set()


@dataclass(frozen=True, slots=True)
class Program:
    """The part of a case that runs in the server's process; it records its observations in its notes."""

    name: str
    max_message_size: int
    close_timeout: float


CaseHandler: TypeAlias = Callable[[WebSocketRequest, Notes], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Handler(Program):
    """A handler of anysocket."""

    run: CaseHandler


@dataclass(frozen=True, slots=True)
class ASGICall:
    """The arguments of a call of an ASGI application, and its notes."""

    scope: Scope
    receive: Receive
    send: Send
    notes: Notes
    script: str
    """The script that the peer sends; an application may ignore it."""


CaseApp: TypeAlias = Callable[[ASGICall], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class App(Program):
    """An ASGI application that uses no framework."""

    run: CaseApp
    script: str = ""


PROGRAMS: dict[str, Program] = {}


def handler(
    *, max_message_size: int = MAX_MESSAGE_SIZE, close_timeout: float = CLOSE_TIMEOUT
) -> Callable[[CaseHandler], Handler]:
    """Make a function the handler of a case, in an application with these settings."""

    def register(run: CaseHandler) -> Handler:
        made = Handler(_path(run), max_message_size, close_timeout, run)
        PROGRAMS[made.name] = made
        return made

    return register


def asgi_app(
    *, max_message_size: int = MAX_MESSAGE_SIZE, close_timeout: float = CLOSE_TIMEOUT
) -> Callable[[CaseApp], App]:
    """Make a function the ASGI application of a case, normalised with these settings."""

    def register(run: CaseApp) -> App:
        made = App(_path(run), max_message_size, close_timeout, run)
        PROGRAMS[made.name] = made
        return made

    return register


class Layer(Enum):
    """A layer that a case runs over."""

    PLAIN = "plain"
    """The transport of the ASGI specification, which trusts the server."""
    ADAPTER = "adapter"
    """The server's own adapter."""
    NORMALISED = "normalised"
    """The plain transport, in an application wrapped in `normalise`."""


EVERY_LAYER = tuple(Layer)
APP_LAYERS = (Layer.PLAIN, Layer.NORMALISED)
"""The layers of an ASGI application: the server alone, and wrapped in `normalise`."""
LIFECYCLE_LAYERS = (Layer.ADAPTER,)
"""The layer of a case about startup and shutdown, which don't depend on the transport."""


@dataclass(frozen=True, slots=True)
class Case:
    """One test of one clause."""

    id: str
    clause: str
    requires: tuple[str, ...]
    """The capabilities without which the case fails."""
    description: str
    file: Path
    layers: tuple[Layer, ...] = EVERY_LAYER

    def layers_of(self, *, plain: bool) -> tuple[Layer, ...]:
        """Return the case's layers on a server, with or without the plain transport."""
        return self.layers if plain else tuple(each for each in self.layers if each is not Layer.PLAIN)

    def support(self, capabilities: Capabilities) -> Support:
        """Return the support that a server with these capabilities declares for this case."""
        found: set[Support] = {getattr(capabilities, each) for each in self.requires}
        return next((each for each in (Support.ABSENT, Support.REPAIRED) if each in found), Support.NATIVE)


CASES: dict[str, Case] = {}

STATE = {"answer": 42}
"""The state that the lifespan of the app under test yields."""


def case(
    clause: str, requires: str | tuple[str, ...] = (), *, layers: tuple[Layer, ...] | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a test the case of a clause, such as "C1". Its docstring describes the case.

    Clauses that begin with N are about ASGI applications, the others about handlers.

    Raises:
        ValueError: a capability doesn't exist.
    """
    required = (requires,) if isinstance(requires, str) else requires
    for name in required:
        if name not in described():
            raise ValueError(f"there is no capability {name!r}")
    over = layers or (APP_LAYERS if clause.startswith("N") else EVERY_LAYER)

    def register(test: Callable[..., None]) -> Callable[..., None]:
        file = Path(inspect.getfile(test))
        name = case_id(file, _name(test))
        CASES[name] = Case(name, clause, required, (test.__doc__ or "").strip(), file, over)
        return test

    return register


def _name(function: Callable[..., object]) -> str:
    return cast("FunctionType", function).__name__  # a decorator gets functions


def _path(function: Callable[..., object]) -> str:
    return f"{function.__module__.removeprefix(f'{_CASES_PACKAGE}.')}.{_name(function)}"


@cache
def case_id(file: Path, test: str) -> str:
    """Build a case's id from its file and its test."""
    folder = file.relative_to(CASES_FOLDER).parent
    return ".".join([*folder.parts, file.stem.removeprefix("test_"), test.removeprefix("test_")])


def cases() -> list[Case]:
    """Return all cases, in the order of their files."""
    files = sorted(CASES_FOLDER.glob("test_*.py")) + sorted(CASES_FOLDER.glob("*/test_*.py"))
    for path in files:
        module = path.relative_to(CASES_FOLDER).with_suffix("")
        importlib.import_module(".".join([_CASES_PACKAGE, *module.parts]))
    return list(CASES.values())
