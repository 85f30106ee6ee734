"""What a case is made of: a clause, perhaps a capability, and handlers that run on the server."""

import importlib
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import TypeAlias, cast

import anyio

from anysocket import WebSocketRequest
from anysocket.capabilities import Capabilities, Support, described
from anysocket.websocket import CLOSE_TIMEOUT, MAX_MESSAGE_SIZE


class Notes(list[object]):
    """What a handler tells its case, and a gate at which it can wait for its peer."""

    def __init__(self) -> None:
        super().__init__()
        self._gate = anyio.Event()

    async def gate(self) -> None:
        """Wait until the peer calls `open_gate`."""
        await self._gate.wait()

    def open_gate(self) -> None:
        """Let the handler go on."""
        self._gate.set()


CaseHandler: TypeAlias = Callable[[WebSocketRequest, Notes], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Handler:
    """A handler of a case, run in the server's process; it tells what it sees in its notes."""

    name: str
    run: CaseHandler
    max_message_size: int
    close_timeout: float


HANDLERS: dict[str, Handler] = {}


def handler(
    *, max_message_size: int = MAX_MESSAGE_SIZE, close_timeout: float = CLOSE_TIMEOUT
) -> Callable[[CaseHandler], Handler]:
    """Make a function the handler of a case, in an application with these settings."""

    def register(run: CaseHandler) -> Handler:
        name = f"{run.__module__.rpartition('.')[2]}.{_name(run)}"
        made = Handler(name, run, max_message_size, close_timeout)
        HANDLERS[name] = made
        return made

    return register


@dataclass(frozen=True, slots=True)
class Case:
    """One test of one clause."""

    id: str
    clause: str
    requires: str | None
    """The capability without which it fails."""
    says: str
    file: Path

    def support(self, capabilities: Capabilities) -> Support:
        """Tell how a server with these capabilities is declared to pass this case."""
        if self.requires is None:
            return Support.NATIVE
        support: Support = getattr(capabilities, self.requires)
        return support


CASES: dict[str, Case] = {}


def case(clause: str, requires: str | None = None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a test the case of a clause, such as "C1"; its docstring says what it checks.

    Raises:
        ValueError: the capability doesn't exist.
    """
    if requires is not None and requires not in described():
        raise ValueError(f"there is no capability {requires!r}")

    def register(test: Callable[..., None]) -> Callable[..., None]:
        file = Path(inspect.getfile(test))
        name = case_id(file, _name(test))
        CASES[name] = Case(name, clause, requires, (test.__doc__ or "").strip(), file)
        return test

    return register


def _name(function: Callable[..., object]) -> str:
    return cast("FunctionType", function).__name__  # a decorator gets functions


def case_id(file: Path, test: str) -> str:
    """Name a case by its file and its test."""
    return f"{file.stem.removeprefix('test_')}.{test.removeprefix('test_')}"


def cases() -> list[Case]:
    """Give all cases, in the order of their files."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(f"{__package__}.{path.stem}")
    return list(CASES.values())
