"""The declaration of a proxy."""

import os
import re
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket
from typing import ClassVar

from anysocket import Support
from anysocket_matrix.proxies.certificate import Certificate

CONFIGURATIONS = Path(__file__).parent / "configurations"
"""The configurations that the matrix uses, `tests/outside` tests and the documentation shows."""


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a proxy between peers and a server."""

    listener: socket
    """The socket that peers connect to; the proxy inherits it."""
    application: str
    """The address of the server behind it, such as 127.0.0.1:8000."""
    certificate: Certificate
    """The certificate that it shows to peers; it trusts the same authority."""


BY_CHANCE: Mapping[str, str] = dict.fromkeys(
    (
        "asgi.close.unread_messages",
        "asgi.disconnect.unread_messages_after_own_close",
        "asgi.end.returns_with_messages_unread",
        "close.close_with_unread_messages",
        "pressure.beside_messages_that_nobody_receives",
    ),
    "https://www.rfc-editor.org/rfc/rfc9112#section-9.6",
)
"""The cases that don't run through a proxy, each with the address of a text about the reason.

A server that ends a TCP connection with bytes unread resets it. A proxy that sees the reset before
it has read the close frame loses that frame; a peer without a proxy always finds it.
"""


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes that a proxy makes."""

    capabilities: Mapping[str, Support]
    """The capabilities that differ from the server's own."""
    known_failures: Mapping[str, str] = field(default_factory=dict[str, str])
    """The cases that fail through the proxy although no capability covers them, each with a link."""


class Proxy(ABC):
    """A proxy program, and its effect on WebSockets.

    Its changes are the same for every server, in the configurations of the matrix.
    """

    name: ClassVar[str]
    """The proxy's name in a row."""
    program: ClassVar[str]
    """The program, and the Debian package that has it."""
    plain: ClassVar[str | None]
    """The file of its configuration for peers without TLS, or None."""
    tls: ClassVar[str]
    """The file of its configuration for peers over TLS."""
    http2_behind: ClassVar[bool] = False
    """Whether the proxy speaks HTTP/2 with the server."""
    over_http1: ClassVar[Changes]
    """The changes for peers over HTTP/1.1."""
    over_http2: ClassVar[Changes | None] = None
    """The changes for peers over HTTP/2, or None if these have no WebSockets."""

    @abstractmethod
    def command(
        self, configuration: str, place: Place, folder: Path
    ) -> tuple[Sequence[str], Mapping[str, str]]:
        """Return the command that runs the proxy in the foreground, and its environment.

        Args:
            configuration: the text of its configuration.
            place: its place between peers and the server.
            folder: the folder for its files.
        """

    def changes(self, *, http2: bool) -> Changes:
        """Return the changes for peers over a version of HTTP.

        Raises:
            ValueError: these peers have no WebSockets.
        """
        found = self.over_http2 if http2 else self.over_http1
        if found is None:
            raise ValueError(f"{self.name} has no WebSockets over HTTP/2")
        return found

    def configuration(self, *, tls: bool) -> str:
        """Return the text of the configuration that the matrix uses.

        Raises:
            ValueError: there is none without TLS.
        """
        file = self.tls if tls else self.plain
        if file is None:
            raise ValueError(f"{self.name} has no configuration without TLS: add +tls to the row")
        return (CONFIGURATIONS / file).read_text()

    @property
    def version(self) -> str:
        """The installed version.

        Raises:
            ValueError: the program isn't installed.
        """
        said = subprocess.run([installed(self.program), "-v"], capture_output=True, text=True, check=True)
        found = re.search(r"\d+\.\d+\.\d+", said.stdout + said.stderr)
        return found[0] if found else "unknown"


def installed(program: str) -> str:
    """Find a program that a Debian package installs.

    Raises:
        ValueError: the program isn't installed; the message says how to install it.
    """
    path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    if path is None:
        raise ValueError(f"{program} isn't installed: apt-get install {program}")
    return path
