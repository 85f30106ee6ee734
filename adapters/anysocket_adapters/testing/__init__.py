"""Test an application on real servers, from async tests and from others."""

from anysocket_adapters.testing.server import AnysocketServer

__all__ = ["AnysocketServer"]
