"""Repairs: what every adapter that changes a server from outside needs."""

from anysocket_adapters.repairs.repair import Repair, Repairs, warn_unrepaired, without
from anysocket_adapters.repairs.versions import installed_at_least
from anysocket_adapters.repairs.wsproto import DEFLATE, FRAMES, repair_connection

__all__ = [
    "DEFLATE",
    "FRAMES",
    "Repair",
    "Repairs",
    "installed_at_least",
    "repair_connection",
    "warn_unrepaired",
    "without",
]
