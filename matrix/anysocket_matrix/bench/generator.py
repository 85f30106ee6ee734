"""The client's process, as seen by its parent."""

import select
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import msgspec

from anysocket_matrix.bench.protocol import Answer, Command, Done, Failed
from anysocket_matrix.bench.server import pinned
from anysocket_matrix.processes.inherited_pipe import inherited_pipe

DEADLINE = 300.0
"""Seconds for a command whose own deadlines don't end it; opening many connections takes longest."""


class LoadFailed(Exception):
    """The server has refused or ended a connection, or doesn't answer."""


class ClientFailed(Exception):
    """The client died, or doesn't answer."""


class LoadGenerator:
    """The client, pinned to a CPU; it ends with its `with` block, or with this process."""

    def __init__(self, cores: Sequence[int]) -> None:
        with pinned(cores):
            self._process = subprocess.Popen(
                [sys.executable, "-m", "anysocket_matrix.bench.client"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # only the parent handles Ctrl-C
                pass_fds=inherited_pipe(),
            )
        self._answers = msgspec.json.Decoder(Answer)

    def ask(self, command: Command) -> Done:
        """Send a command, and wait until it is done.

        Raises:
            LoadFailed: the server has refused or ended a connection, or doesn't answer.
            ClientFailed: the client has ended.
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
        return ClientFailed(f"the client ended with status {self._process.wait()}; see its output above")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        with self._process:  # closes the pipes, and waits
            pass
