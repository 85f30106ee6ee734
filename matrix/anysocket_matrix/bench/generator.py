"""The client's process, as its parent sees it."""

import select
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import msgspec

from anysocket_matrix.bench.server import pinned
from anysocket_matrix.bench.talk import Answer, Command, Done, Failed
from anysocket_matrix.processes.inherited_pipe import held

DEADLINE = 300.0
"""Seconds for what the client itself has deadlines for: the longest is opening many connections."""


class LoadFailed(Exception):
    """The server has refused a connection, or ended it, or doesn't answer."""


class ClientFailed(Exception):
    """The client died, or doesn't answer."""


class Generator:
    """The client, pinned to a processor; ended with its `with` block, or with this process."""

    def __init__(self, cores: Sequence[int]) -> None:
        with pinned(cores):
            self._process = subprocess.Popen(
                [sys.executable, "-m", "anysocket_matrix.bench.client"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is its parent's
                pass_fds=held(),
            )
        self._answers = msgspec.json.Decoder(Answer)

    def ask(self, command: Command) -> Done:
        """Have something done, and wait for it.

        Raises:
            LoadFailed: the server doesn't let it be done.
            ClientFailed: the client is gone.
        """
        assert self._process.stdin is not None  # pipes
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(msgspec.json.encode(command) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._gone() from None
        if not select.select([self._process.stdout], [], [], DEADLINE)[0]:
            raise ClientFailed(f"the client doesn't answer within {DEADLINE:g} s")
        line = self._process.stdout.readline()
        if not line:
            raise self._gone()
        answer: Answer = self._answers.decode(line)
        if isinstance(answer, Failed):
            raise LoadFailed(answer.why)
        return answer

    def _gone(self) -> ClientFailed:
        return ClientFailed(f"the client ended with {self._process.wait()}: what it says is above")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        with self._process:  # closes the pipes, and waits
            pass
