"""The pytest option `--anysocket-needs`: writes which capabilities an application uses in its tests."""

import json
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Protocol

import pytest

from anysocket.testing.needs import VERSION, Use, recording

_OUTPUT = "anysocket_uses"
"""What a worker of pytest-xdist gives to the process that has started it."""


class NeedsPlugin:
    """Records while pytest runs, and writes the file at its end.

    With pytest-xdist each worker records, and the process that has started them writes.
    """

    def __init__(self, config: pytest.Config, file: Path) -> None:
        """Prepare.

        Raises:
            pytest.UsageError: the file can't be written.
        """
        self._file = file
        self._output: dict[str, object] | None = getattr(config, "workeroutput", None)
        """Given by pytest-xdist to a worker."""
        self._lost_a_worker = False
        if self._output is None:
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(b"")  # not that of an earlier run, should this one break off
            except OSError as error:
                raise pytest.UsageError(f"--anysocket-needs: can't write {file}: {error.strerror}") from None
        self._recording = ExitStack()
        self._recorder = self._recording.enter_context(recording())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Say which test uses what its connections use."""
        self._recorder.test = item.nodeid
        return (yield)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: "_Worker") -> None:
        """Take over what a worker has recorded; one that has crashed gives nothing."""
        uses = getattr(node, "workeroutput", {}).get(_OUTPUT)
        self._lost_a_worker |= uses is None
        for use in uses or ():
            self._recorder.uses[Use(*use)] = None

    def pytest_sessionfinish(self) -> None:
        """Write the file.

        Raises:
            pytest.exit.Exception: a worker has crashed.
        """
        uses = sorted(self._recorder.uses)
        if self._output is not None:
            self._output[_OUTPUT] = [astuple(use) for use in uses]
        elif self._lost_a_worker:
            pytest.exit(f"--anysocket-needs: {self._file} isn't written: a worker has crashed", returncode=1)
        else:
            written = {"version": VERSION, "uses": [asdict(use) for use in uses]}
            self._file.write_text(json.dumps(written, indent=1) + "\n")

    def pytest_unconfigure(self) -> None:
        """End the recording."""
        self._recording.close()


class _Worker(Protocol):
    """A node of pytest-xdist."""

    workeroutput: dict[str, object]
