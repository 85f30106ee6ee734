"""A proxy in its own process."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from anysocket_matrix.processes.inherited_pipe import held
from anysocket_matrix.proxies.certificate import Certificate
from anysocket_matrix.proxies.proxy import Proxy, Way


class RunningProxy:
    """A proxy in front of an application, on a free port; the end of its `with` block stops it."""

    def __init__(self, proxy: Proxy, configuration: str, application: str, certificate: Certificate) -> None:
        """Start the proxy. Peers can connect at once.

        Args:
            proxy: the proxy.
            configuration: the text of its configuration.
            application: the URL where the application is served.
            certificate: the certificate that it shows to peers; it trusts the same authority.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="anysocket-proxy-")
        folder = Path(self._folder.name)
        self._log = folder / "log"
        with socket.create_server(("127.0.0.1", 0)) as listener, self._log.open("wb") as output:
            way = Way(listener, application.partition("://")[2], certificate)
            command, environment = proxy.command(configuration, way, folder)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "anysocket_matrix.processes.tethered_command", *command],
                env={**os.environ, **environment},
                pass_fds=[listener.fileno(), *held()],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # one signal to its session ends all of its processes
            )
            self.address: str = f"127.0.0.1:{listener.getsockname()[1]}"

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def log(self) -> str:
        """Return the proxy's output."""
        return self._log.read_text(errors="replace")

    def stop(self) -> None:
        """End the proxy and all its connections."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stdin is not None  # a pipe
        self._process.stdin.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
