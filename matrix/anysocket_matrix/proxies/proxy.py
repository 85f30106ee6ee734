"""What the module of a proxy declares."""

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
"""The configurations that the matrix uses, that `tests/outside` tries and that the documentation shows."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where a proxy stands."""

    listener: socket
    """Where peers come; the proxy inherits it."""
    application: str
    """The address behind, such as 127.0.0.1:8000."""
    certificate: Certificate
    """What it shows to peers, and whose authority it trusts."""


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
"""The cases that don't run through a proxy, each with what tells why.

A server that ends a TCP connection with bytes unread resets it. A proxy that hears of the reset
before it has read the close frame loses that; a peer without a proxy always finds it.
"""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a proxy changes."""

    capabilities: Mapping[str, Support]
    """Those that are no longer the server's own."""
    known_failures: Mapping[str, str] = field(default_factory=dict[str, str])
    """The cases that fail on the way without a capability that says so, each with a link."""


class Proxy(ABC):
    """A program that hands on connections, and what comes of WebSockets on their way through it.

    What it changes is true in front of every server, in the configurations of the matrix.
    """

    name: ClassVar[str]
    """What a row calls it."""
    program: ClassVar[str]
    """Also Debian's package that has it."""
    plain: ClassVar[str | None]
    """The file of its configuration for peers without TLS; None where there is none."""
    tls: ClassVar[str]
    """The same for peers over TLS."""
    http2_behind: ClassVar[bool] = False
    """Whether it speaks HTTP/2 with the server."""
    over_http1: ClassVar[Changes]
    """What it changes for peers over HTTP/1.1."""
    over_http2: ClassVar[Changes | None] = None
    """The same for peers over HTTP/2; None where these have no WebSockets."""

    @abstractmethod
    def command(self, configuration: str, way: Way, folder: Path) -> tuple[Sequence[str], Mapping[str, str]]:
        """Give the command that runs it in the foreground, and its environment.

        Args:
            configuration: the text of its configuration.
            way: where it stands.
            folder: where its files may go.
        """

    def changes(self, *, http2: bool) -> Changes:
        """Give what it changes for peers over a version of HTTP.

        Raises:
            ValueError: these have no WebSockets.
        """
        found = self.over_http2 if http2 else self.over_http1
        if found is None:
            raise ValueError(f"{self.name} has no WebSockets over HTTP/2")
        return found

    def configuration(self, *, tls: bool) -> str:
        """Give the text of the configuration that the matrix uses.

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
            ValueError: it isn't installed.
        """
        said = subprocess.run([installed(self.program), "-v"], capture_output=True, text=True, check=True)
        found = re.search(r"\d+\.\d+\.\d+", said.stdout + said.stderr)
        return found[0] if found else "of an unknown version"


def installed(program: str) -> str:
    """Find a program that comes from Debian.

    Raises:
        ValueError: it isn't there; the message says how to install it.
    """
    path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    if path is None:
        raise ValueError(f"{program} isn't installed: apt-get install {program}")
    return path
