"""How a process ends when its event loop can't end it.

Nothing here needs the loop: a synchronous call of a handler may block it for ever. A call in C that
holds Python's lock stops these threads too. Only a supervisor's SIGKILL ends such a worker.
"""

import multiprocessing
import os
import sys
import threading
from contextlib import suppress
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


def settle_output() -> None:
    """Write the rest of the output, or give it up where it can't be written: on a full disk, a closed pipe.

    Python would otherwise exit with status 120 (https://docs.python.org/3/library/signal.html#note-on-sigpipe).
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)
        except ValueError:  # closed
            pass
