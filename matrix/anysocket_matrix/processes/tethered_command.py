"""`python -m anysocket_matrix.processes.tethered_command COMMAND` ends with the process that started it."""

import subprocess
import sys

from anysocket_matrix.processes.tethered import watch

if __name__ == "__main__":
    watch()
    sys.exit(subprocess.call(sys.argv[1:], stdin=subprocess.DEVNULL, close_fds=False))
