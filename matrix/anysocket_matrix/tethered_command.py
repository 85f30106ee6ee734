"""`python -m anysocket_matrix.tethered_command COMMAND` runs a command that ends with whoever started it."""

import subprocess
import sys

from anysocket_matrix.tethered import watch

if __name__ == "__main__":
    watch()
    sys.exit(subprocess.call(sys.argv[1:], stdin=subprocess.DEVNULL, close_fds=False))
