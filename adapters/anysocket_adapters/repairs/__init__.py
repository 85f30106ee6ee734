"""Repairs: what every adapter that changes a server from outside needs."""

from anysocket_adapters.repairs.repair import Repair, Repairs, warn_unrepaired, without
from anysocket_adapters.repairs.versions import installed_at_least
from anysocket_adapters.repairs.wsproto_close import know_bad_gateway
from anysocket_adapters.repairs.wsproto_deflate import keep_compression

__all__ = [
    "Repair",
    "Repairs",
    "installed_at_least",
    "keep_compression",
    "know_bad_gateway",
    "warn_unrepaired",
    "without",
]
