"""The pytest option `--anysocket-needs`: writes which capabilities an application uses in its tests."""

import json
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import asdict, astuple
from pathlib import Path

import pytest

from anysocket.testing.needs import VERSION, Use, recording

_KEY = "anysocket_uses"
"""The key of the uses in what a worker returns."""


class NeedsPlugin:
    """Records while pytest runs, and writes the file at its end.

    With pytest-xdist each worker records, and the process that has started them writes.
    """

    def __init__(self, file: Path, workeroutput: dict[str, object] | None) -> None:
        """Begin to record.

        Args:
            file: what to write.
            workeroutput: what a worker of pytest-xdist returns, None in any other process.

        Raises:
            pytest.UsageError: the file can't be written.
        """
        self._file = file
        self._workeroutput = workeroutput
        self._lost_a_worker = False
        if workeroutput is None:
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
    def pytest_testnodedown(self, node: object) -> None:
        """Take over what a worker has recorded; one that has crashed gives nothing."""
        output: dict[str, list[tuple[str, str, str]]] = getattr(node, "workeroutput", {})
        if _KEY in output:
            self._recorder.uses |= {Use(*use): None for use in output[_KEY]}
        else:
            self._lost_a_worker = True

    def pytest_sessionfinish(self) -> None:
        """Write the file.

        Raises:
            pytest.exit.Exception: a worker has crashed.
        """
        uses = sorted(self._recorder.uses)
        if self._workeroutput is not None:
            self._workeroutput[_KEY] = [astuple(use) for use in uses]
        elif self._lost_a_worker:
            pytest.exit(f"--anysocket-needs: {self._file} isn't written: a worker has crashed", returncode=1)
        else:
            written = {"version": VERSION, "uses": [asdict(use) for use in uses]}
            self._file.write_text(json.dumps(written, indent=1) + "\n")

    def pytest_unconfigure(self) -> None:
        """End the recording."""
        self._recording.close()
