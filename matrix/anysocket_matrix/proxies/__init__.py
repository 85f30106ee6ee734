"""The proxies that may stand between a peer and a server, each with the changes that it makes."""

from collections.abc import Mapping

from anysocket_matrix.proxies.certificate import Certificate
from anysocket_matrix.proxies.haproxy import haproxy, haproxy_h2
from anysocket_matrix.proxies.nginx import nginx
from anysocket_matrix.proxies.proxy import BY_CHANCE, CONFIGURATIONS, Changes, Proxy, installed
from anysocket_matrix.proxies.running import RunningProxy

__all__ = [
    "BY_CHANCE",
    "CONFIGURATIONS",
    "PROXIES",
    "Certificate",
    "Changes",
    "Proxy",
    "RunningProxy",
    "installed",
]

PROXIES: Mapping[str, Proxy] = {proxy.name: proxy for proxy in (haproxy, haproxy_h2, nginx)}
