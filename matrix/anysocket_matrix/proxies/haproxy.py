"""haproxy, which speaks HTTP/2 with peers and, optionally, with the server."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from anysocket import Support
from anysocket_matrix.proxies.proxy import Changes, Place, Proxy, installed

ONE_THREAD = """
global
  nbthread 1
"""
"""With one thread, events of one connection aren't overtaken by later events of another."""


TRANSLATED = {"asgi.deny.success": "https://www.rfc-editor.org/rfc/rfc8441#section-5"}
"""haproxy passes on a denial with 200 unchanged, which over HTTP/2 opens the connection."""


class Haproxy(Proxy):
    """haproxy, with HTTP/1.1 to the server."""

    name = "haproxy"
    program = "haproxy"
    plain: ClassVar[str | None] = "http1.cfg"
    tls = "tls.cfg"
    over_http1: ClassVar[Changes] = Changes(
        {
            "peer_addresses": Support.ABSENT,
            # It translates to HTTP/1.1, and passes on the accept token that only it has asked for.
            "over_http2": Support.NATIVE,
            "no_accept_key_over_http2": Support.ABSENT,
        }
    )
    over_http2: ClassVar[Changes | None] = Changes(
        {
            **over_http1.capabilities,
            "peer_scheme": Support.ABSENT,  # nor the version of HTTP
            # It answers a request that has data right after it with status 0.
            "early_message": Support.ABSENT,
        },
        TRANSLATED,
    )

    def command(
        self, configuration: str, place: Place, folder: Path
    ) -> tuple[Sequence[str], Mapping[str, str]]:
        file = folder / "haproxy.cfg"
        file.write_text(configuration)
        (folder / "one_thread.cfg").write_text(ONE_THREAD)
        return [installed(self.program), "-db", "-f", str(folder / "one_thread.cfg"), "-f", str(file)], {
            "LISTEN": f"fd@{place.listener.fileno()}",
            "APPLICATION": place.application,
            "CERTIFICATE": str(place.certificate.both),
            "AUTHORITY": str(place.certificate.authority),
        }


class HaproxyToHTTP2(Haproxy):
    """haproxy, with HTTP/2 to the server."""

    name = "haproxy-h2"
    plain: ClassVar[str | None] = None
    tls = "http2_behind.cfg"
    http2_behind = True
    over_http1: ClassVar[Changes] = Changes({"peer_addresses": Support.ABSENT}, TRANSLATED)
    over_http2: ClassVar[Changes | None] = Changes({"peer_addresses": Support.ABSENT})


haproxy: Haproxy = Haproxy()
haproxy_h2: HaproxyToHTTP2 = HaproxyToHTTP2()
