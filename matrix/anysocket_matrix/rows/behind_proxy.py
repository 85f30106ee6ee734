"""A server behind the row's proxy."""

from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Unpack

from anysocket_adapters.options import OptionValues
from anysocket_matrix.proxies import Certificate, RunningProxy
from anysocket_matrix.rows.rows import Row
from anysocket_matrix.rows.running_server import RunningServer


class ServerBehindProxy(RunningServer):
    """A server with the address of its proxy, so that requests for records don't overtake the case's data."""

    def __init__(self, row: Row, target: str, **options: Unpack[OptionValues]) -> None:
        super().__init__(row.behind, target, **options)
        self._front = row
        self._proxy: RunningProxy | None = None

    @cached_property
    def url(self) -> str:
        """The proxy's address, once the server is ready."""
        own, proxy = super().url, self._front.proxy
        assert proxy is not None  # only rows with a proxy get here
        folder = Path(self._files.enter_context(TemporaryDirectory(prefix="anysocket-certificate-")))
        configuration = proxy.configuration(tls=self._front.tls)
        self._proxy = RunningProxy(proxy, configuration, own, Certificate.issue(folder))
        self._files.enter_context(self._proxy)
        return f"{'wss' if self._front.tls else 'ws'}://{self._proxy.address}"

    def log(self) -> str:
        """Return the last lines of the server's output, and the proxy's log."""
        return super().log() + ("" if self._proxy is None else self._proxy.log())


def start_server(row: Row, target: str, **options: Unpack[OptionValues]) -> RunningServer:
    """Start an app on a row."""
    return (RunningServer if row.proxy is None else ServerBehindProxy)(row, target, **options)
