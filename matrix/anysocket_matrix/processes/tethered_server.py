"""`python -m anysocket_matrix.processes.tethered_server TARGET SERVER OPTIONS` serves until its starter ends.

As `anysocket serve` does, whose options are given as JSON here: reading a command line takes as
much of a processor as starting a server, and a run of the matrix starts hundreds of them.
"""

import json
import sys
from pathlib import Path

from anysocket_adapters.options import OptionValues
from anysocket_matrix.processes.tethered import watch


def written(values: OptionValues) -> str:
    """Write options down."""
    return json.dumps(values, default=str)


def read(text: str) -> OptionValues:
    """Read what `written` has written."""
    values: OptionValues = json.loads(text)
    certificate, key = values.get("tls_certificate"), values.get("tls_key")
    if certificate is not None and key is not None:
        values.update({"tls_certificate": Path(certificate), "tls_key": Path(key)})
    return values


if __name__ == "__main__":
    watch()
    from anysocket_matrix.processes.serve_command import serve

    serve(sys.argv[1], sys.argv[2], **read(sys.argv[3]))
