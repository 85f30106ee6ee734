"""A process that ends with the process that started it, however that one ends.

The starter holds the other end of the process's standard input.
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
