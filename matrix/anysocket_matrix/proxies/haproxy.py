"""haproxy, which speaks HTTP/2 with peers and HTTP/1.1 with the server."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from anysocket import Support
from anysocket_matrix.proxies.proxy import Proxy, Way, installed

ONE_THREAD = """
global
  nbthread 1
"""
"""So that what happens on one connection isn't overtaken by what happens on another later."""


class Haproxy(Proxy):
    """haproxy."""

    name = "haproxy"
    suffix = ".cfg"
    changes: ClassVar[Mapping[str, Support]] = {
        "peer_addresses": Support.ABSENT,
        # It translates to HTTP/1.1, and hands on the proof that only it has asked for.
        "over_http2": Support.NATIVE,
        "no_proof_over_http2": Support.ABSENT,
    }

    def command(self, configuration: str, way: Way, folder: Path) -> tuple[Sequence[str], Mapping[str, str]]:
        file = folder / "haproxy.cfg"
        file.write_text(configuration)
        (folder / "one_thread.cfg").write_text(ONE_THREAD)
        return [installed(self.name), "-db", "-f", str(folder / "one_thread.cfg"), "-f", str(file)], {
            "LISTEN": f"fd@{way.listener.fileno()}",
            "APPLICATION": way.application,
            "CERTIFICATE": str(way.certificate.both),
            "AUTHORITY": str(way.certificate.authority),
        }


haproxy: Haproxy = Haproxy()
