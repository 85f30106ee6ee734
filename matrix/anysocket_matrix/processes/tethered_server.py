"""`python -m anysocket_matrix.processes.tethered_server TARGET SERVER OPTIONS` serves until its starter ends.

It serves like `anysocket serve`, with its options as JSON: importing the command line takes as long
as starting a server, and a run of the matrix starts hundreds of servers.
"""

import sys

from anysocket_adapters.options import from_json
from anysocket_matrix.processes.tethered import watch

if __name__ == "__main__":
    watch()
    from anysocket_matrix.processes.serve_command import serve

    serve(sys.argv[1], sys.argv[2], **from_json(sys.argv[3]))
