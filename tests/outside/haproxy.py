"""haproxy, and the configurations that are tested and documented."""

import os
import shutil
import socket
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import trustme

SERVERS = ("uvicorn", "hypercorn", "granian")

FOLDER = Path(__file__).parent / "configurations"


@dataclass(frozen=True, slots=True)
class Configuration:
    """A file of haproxy's, and what comes of it in front of each server."""

    file: str
    tls: bool
    """Whether peers come over TLS, and over HTTP/2 as well as HTTP/1.1."""
    tls_behind: bool
    does: str
    """What it does, in Markdown."""
    websockets: Mapping[str, str]
    """The HTTP version that handlers see, by server; on one without it no WebSocket opens."""
    pages: Collection[str] = SERVERS
    """The servers whose answers to other requests come through."""

    @property
    def text(self) -> str:
        """The file as it is."""
        return (FOLDER / self.file).read_text()


HTTP1 = Configuration(
    "http1.cfg",
    tls=False,
    tls_behind=False,
    does="no TLS, HTTP/1.1 in front and behind",
    websockets={"uvicorn": "1.1", "hypercorn": "1.1", "granian": "1.1"},
)
TLS = Configuration(
    "tls.cfg",
    tls=True,
    tls_behind=False,
    does="TLS with HTTP/2 and HTTP/1.1 in front, HTTP/1.1 behind",
    websockets={"uvicorn": "1.1", "hypercorn": "1.1", "granian": "1.1"},
)
TLS_BEHIND = Configuration(
    "tls_behind.cfg",
    tls=True,
    tls_behind=True,
    does="TLS behind too, HTTP/2 where the server has it, HTTP/1.1 for WebSockets",
    websockets={"uvicorn": "1.1", "hypercorn": "1.1", "granian": "1.1"},
)
CONFIGURATIONS = (
    HTTP1,
    TLS,
    TLS_BEHIND,
    Configuration(
        "http2_behind.cfg",
        tls=True,
        tls_behind=False,
        does="HTTP/2 behind, for WebSockets too: `proto h2`",
        websockets={"hypercorn": "2"},
        pages=("hypercorn", "granian"),
    ),
    Configuration(
        "http2_but_for_websockets.cfg",
        tls=True,
        tls_behind=False,
        does="HTTP/2 behind, HTTP/1.1 for WebSockets: `proto h2 ws h1`",
        websockets={"uvicorn": "1.1", "hypercorn": "1.1", "granian": "1.1"},
        pages=("hypercorn", "granian"),
    ),
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate for 127.0.0.1, in the files that haproxy and the servers take."""

    authority: Path
    chain: Path
    key: Path
    both: Path
    """The key and the chain."""

    @classmethod
    def issue(cls, folder: Path) -> Self:
        """Issue one, by an authority of its own."""
        issuer = trustme.CA()
        issued = issuer.issue_cert("127.0.0.1")
        made = cls(*(folder / name for name in ("authority.pem", "chain.pem", "key.pem", "both.pem")))
        issuer.cert_pem.write_to_path(made.authority)
        made.chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(made.key)
        issued.private_key_and_cert_chain_pem.write_to_path(made.both)
        return made


class Haproxy:
    """haproxy in front of an application, for the length of a `with` block."""

    def __init__(self, configuration: str, application: str, certificate: Certificate, log: Path) -> None:
        """Start it on a free port.

        Args:
            configuration: the text of its configuration file.
            application: the URL where the application is served.
            certificate: what it shows to peers, and whose authority it trusts.
            log: the file for what it prints; the configuration goes beside it.
        """
        file = log.with_suffix(".cfg")
        file.write_text(configuration)
        with socket.create_server(("127.0.0.1", 0)) as listener, log.open("wb") as output:
            variables = {
                "LISTEN": f"fd@{listener.fileno()}",
                "APPLICATION": application.partition("://")[2],
                "CERTIFICATE": str(certificate.both),
                "AUTHORITY": str(certificate.authority),
            }
            self._process = subprocess.Popen(
                [installed("haproxy"), "-db", "-f", str(file)],
                env=variables,
                pass_fds=[listener.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            self.address: str = f"127.0.0.1:{listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()


def installed(program: str) -> str:
    """Find a program that comes from outside of Python."""
    path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    assert path is not None, f"{program} isn't installed: apt-get install haproxy chromium"
    return path
