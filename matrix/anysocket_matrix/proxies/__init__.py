"""What may stand between a peer and a server: the proxies, each with what it changes on the way."""

from collections.abc import Mapping

from anysocket_matrix.proxies.certificate import Certificate
from anysocket_matrix.proxies.haproxy import haproxy
from anysocket_matrix.proxies.nginx import nginx
from anysocket_matrix.proxies.proxy import BY_CHANCE, CONFIGURATIONS, Proxy, installed
from anysocket_matrix.proxies.running import RunningProxy

__all__ = ["BY_CHANCE", "CONFIGURATIONS", "PROXIES", "Certificate", "Proxy", "RunningProxy", "installed"]

PROXIES: Mapping[str, Proxy] = {proxy.name: proxy for proxy in (haproxy, nginx)}
