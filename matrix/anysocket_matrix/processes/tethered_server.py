"""`python -m anysocket_matrix.processes.tethered_server TARGET SERVER OPTIONS` serves until its starter ends.

It serves like `anysocket serve`, with its options as JSON: importing the command line takes as long
as starting a server, and a run of the matrix starts hundreds of servers.
"""

import json
import sys
from pathlib import Path

from anysocket_adapters.options import OptionValues
from anysocket_matrix.processes.tethered import watch


def encode_options(values: OptionValues) -> str:
    """Encode options as JSON."""
    return json.dumps(values, default=str)


def decode_options(text: str) -> OptionValues:
    """Decode options that `encode_options` has encoded."""
    values: OptionValues = json.loads(text)
    certificate, key = values.get("tls_certificate"), values.get("tls_key")
    if certificate is not None and key is not None:
        values.update({"tls_certificate": Path(certificate), "tls_key": Path(key)})
    return values


if __name__ == "__main__":
    watch()
    from anysocket_matrix.processes.serve_command import serve

    serve(sys.argv[1], sys.argv[2], **decode_options(sys.argv[3]))
