"""`python -m anysocket_matrix.processes.tethered_server TARGET SERVER OPTIONS` serves until its starter ends.

It serves as `anysocket serve` does, but takes its options as JSON. To parse a command line takes as
much processor time as to start a server, and a run of the matrix starts hundreds of servers.
"""

import sys

from anysocket_adapters.options import from_json
from anysocket_matrix.processes.tethered import watch

if __name__ == "__main__":
    watch()
    from anysocket_matrix.processes.serve_command import serve

    serve(sys.argv[1], sys.argv[2], **from_json(sys.argv[3]))
