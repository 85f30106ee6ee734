"""A proxy in its own process."""

import socket
import tempfile
from pathlib import Path

from anysocket_matrix.processes.tethered_process import TetheredProcess
from anysocket_matrix.proxies.certificate import Certificate
from anysocket_matrix.proxies.proxy import Place, Proxy


class RunningProxy(TetheredProcess):
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
        with socket.create_server(("127.0.0.1", 0)) as listener:
            place = Place(listener, application.partition("://")[2], certificate)
            command, environment = proxy.command(configuration, place, Path(self._folder.name))
            super().__init__(
                ["anysocket_matrix.processes.tethered_command", *command],
                environment=environment,
                pass_fds=[listener.fileno()],
            )
            self.address: str = f"127.0.0.1:{listener.getsockname()[1]}"

    def stop(self) -> None:
        """End the proxy and all its connections."""
        super().stop()
        self._folder.cleanup()

    def _ask_to_end(self) -> None:
        self._kill()
