"""A proxy in a process of its own."""

import os
import signal
import socket
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from anysocket_matrix.proxies.certificate import Certificate
from anysocket_matrix.proxies.proxy import Proxy, Way

STOP_DEADLINE = 5.0


class RunningProxy:
    """A proxy in front of an application, on a free port; stopped with its `with` block."""

    def __init__(self, proxy: Proxy, configuration: str, application: str, certificate: Certificate) -> None:
        """Start it. Peers can connect at once.

        Args:
            proxy: which one.
            configuration: the text of its configuration.
            application: the URL where the application is served.
            certificate: what it shows to peers, and whose authority it trusts.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="anysocket-proxy-")
        folder = Path(self._folder.name)
        self._log = folder / "log"
        with socket.create_server(("127.0.0.1", 0)) as listener, self._log.open("wb") as output:
            way = Way(listener, application.partition("://")[2], certificate)
            command, environment = proxy.command(configuration, way, folder)
            self._process = subprocess.Popen(
                command,
                env=environment,
                pass_fds=[listener.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # nginx's worker ends with it
            )
            self.address: str = f"127.0.0.1:{listener.getsockname()[1]}"

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def log(self) -> str:
        """Give what it has printed."""
        return self._log.read_text(errors="replace")

    def stop(self) -> None:
        """End it, with all its connections."""
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_DEADLINE)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
