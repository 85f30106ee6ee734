"""nginx, which proxies WebSockets where it is configured to, but not over HTTP/2."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from anysocket import Support
from anysocket_matrix.proxies.proxy import Changes, Place, Proxy, installed

MAIN = """
daemon off;
user root;
pid nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  include server.conf;
}
"""
"""In place of Debian's nginx.conf: nginx runs in the foreground, with all its files in its own folder.

The folder belongs to the user who runs the matrix. nginx uses the `user` line only when that is root.
"""


class Nginx(Proxy):
    """nginx, with configurations as in /etc/nginx/conf.d."""

    name = "nginx"
    program = "nginx"
    plain: ClassVar[str | None] = "http1.conf"
    tls = "tls.conf"
    over_http1: ClassVar[Changes] = Changes(
        {
            # It drops such headers, unless `underscores_in_headers` is on.
            "header_underscores": Support.ABSENT,
            "peer_addresses": Support.ABSENT,
            "over_http2": Support.ABSENT,
            "no_accept_key_over_http2": Support.ABSENT,
        }
    )

    def command(
        self, configuration: str, place: Place, folder: Path
    ) -> tuple[Sequence[str], Mapping[str, str]]:
        host, port = place.listener.getsockname()
        for name, value in {
            "LISTEN": f"{host}:{port}",
            "APPLICATION": place.application,
            "CERTIFICATE": str(place.certificate.chain),
            "KEY": str(place.certificate.key),
        }.items():
            configuration = configuration.replace(f"${{{name}}}", value)
        (folder / "server.conf").write_text(configuration)
        (folder / "nginx.conf").write_text(MAIN)
        # As for its successor: nginx looks for the socket that it should listen on among inherited ones.
        inherited = {"NGINX": f"{place.listener.fileno()};"}
        options = ["-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]
        return [installed(self.program), *options], inherited


nginx: Nginx = Nginx()
