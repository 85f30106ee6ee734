"""Testing an application on real servers, from tests that are async or not."""

from anysocket_adapters.testing.server import AnysocketServer

__all__ = ["AnysocketServer"]
