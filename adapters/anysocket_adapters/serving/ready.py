"""Wait until a server is ready: until it answers a request through the app."""

import socket
import ssl
import time
from http.client import HTTPConnection, HTTPException

_ATTEMPT_TIMEOUT = 5.0
_POLL = 0.02


class Probe:
    """Requests the path that only `ServedApp` answers.

    Args:
        listener: the bound socket with the server's address.
        tls: whether the server speaks TLS.
        token: the path.
    """

    def __init__(self, listener: socket.socket, *, tls: bool, token: str) -> None:
        self._family = listener.family
        self._address: str | tuple[str, int] = listener.getsockname()
        self._tls = tls
        self._token = token
        self.cancelled = False

    def wait(self) -> bool:
        """Block until the server is ready. False if `cancelled` was set before."""
        while not self.cancelled:
            try:
                if self._answers():
                    return True
            except (OSError, HTTPException):
                pass
            time.sleep(_POLL)
        return False

    def _answers(self) -> bool:
        connection = HTTPConnection("localhost")
        connection.sock = self._connect()
        try:
            connection.request("GET", f"/{self._token}", headers={"connection": "close"})
            return connection.getresponse().status == 204
        finally:
            connection.close()

    def _connect(self) -> socket.socket:
        connection = socket.socket(self._family, socket.SOCK_STREAM)
        connection.settimeout(_ATTEMPT_TIMEOUT)
        try:
            connection.connect(self._address)
            if not self._tls:
                return connection
            # The server is our own, on this machine; its certificate names a public host.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return context.wrap_socket(connection)
        except BaseException:
            connection.close()
            raise
