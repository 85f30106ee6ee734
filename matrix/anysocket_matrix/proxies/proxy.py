"""What the module of a proxy declares."""

import os
import re
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


class Proxy(ABC):
    """A program that hands on connections, and what comes of WebSockets on their way through it.

    What it changes is true in front of every server, in the configurations of the matrix: with
    HTTP/1.1 behind and in front.
    """

    name: ClassVar[str]
    """What a row calls it; also the program, and Debian's package that has it."""
    suffix: ClassVar[str]
    """How its configurations' names end."""
    changes: ClassVar[Mapping[str, Support]]
    """The capabilities that are no longer the server's own."""
    known_failures: Mapping[str, str] = {}
    """The cases that fail on the way through it without a capability that says so, each with a link."""

    @abstractmethod
    def command(self, configuration: str, way: Way, folder: Path) -> tuple[Sequence[str], Mapping[str, str]]:
        """Give the command that runs it in the foreground, and its environment.

        Args:
            configuration: the text of its configuration.
            way: where it stands.
            folder: where its files may go.
        """

    def configuration(self, *, tls: bool) -> str:
        """Give the text of the configuration that the matrix uses."""
        return (CONFIGURATIONS / f"{'tls' if tls else 'http1'}{self.suffix}").read_text()

    @property
    def version(self) -> str:
        """The installed version.

        Raises:
            ValueError: it isn't installed.
        """
        said = subprocess.run([installed(self.name), "-v"], capture_output=True, text=True, check=True)
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
