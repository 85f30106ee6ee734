"""The options of a server under test, on its command line."""

from pathlib import Path

from anysocket_adapters.options import OptionValues
from anysocket_matrix.processes.tethered_server import decode_options, encode_options


def test_options_arrive_as_they_are() -> None:
    values = OptionValues(
        loop="trio",
        workers=2,
        graceful_timeout=0.5,
        compression=None,
        tls_certificate=Path("chain.pem"),
        tls_key=Path("key.pem"),
    )
    assert decode_options(encode_options(values)) == values
    assert decode_options(encode_options({})) == {}
