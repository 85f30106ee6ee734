"""How a process ends when its event loop can't end it.

Nothing here needs the loop: a synchronous call of a handler may block it for ever. A call in C that
holds Python's lock stops these threads too. Only a supervisor's SIGKILL ends such a worker.
"""

import multiprocessing
import os
import threading
from multiprocessing.connection import wait


def exit_after(seconds: float) -> None:
    """Exit this process with status 0 when the time is over, if it hasn't ended by then."""
    last = threading.Timer(seconds, os._exit, (0,))
    last.daemon = True
    last.start()


def end_with_parent() -> None:
    """End this process of `multiprocessing` when its parent has ended, even by SIGKILL.

    The parent holds one end of a pipe, and a thread watches the other.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        watch = threading.Thread(target=_exit_behind, args=(parent.sentinel,), name="anysocket-parent")
        watch.daemon = True
        watch.start()


def _exit_behind(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
