"""`python -m anysocket_matrix.tethered` is the `anysocket` command, which ends with whoever started it.

Whoever that is keeps the other end of its standard input, and needn't end in order for that to close.
"""

import os
import signal
import threading


def watch() -> None:
    """End this process and its group when standard input ends."""
    threading.Thread(target=_watch, name="anysocket-tether", daemon=True).start()


def _watch() -> None:
    while os.read(0, 1024):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    watch()
    from anysocket_matrix.cli import main

    main()
