"""Telling a cancellation and a close from outside from those that a program lets escape."""

import asyncio

import anyio


def cancels_the_task(error: BaseException) -> bool:
    """Whether the running task is being cancelled, and this exception is that cancellation.

    `job.cancel(); await job` raises a CancelledError too, and nothing has cancelled the task that
    awaits. asyncio counts the requests to cancel a task, also those of AnyIO's scopes. On trio
    nobody but trio can make a Cancelled.
    """
    if not _has_cancellation(error):
        return False
    try:
        task = asyncio.current_task()
    except RuntimeError:  # on trio
        return True
    return task is not None and task.cancelling() > 0


def closes_the_coroutine(error: BaseException) -> bool:
    """Whether this closes the coroutine that catches it, which can't wait for anything then.

    A GeneratorExit that the program has raised comes with a frame of the program. One of `close()` is
    raised in the coroutine itself: what it awaits has been closed before, by another one.
    """
    trace = error.__traceback__
    return isinstance(error, GeneratorExit) and (trace is None or trace.tb_next is None)


def _has_cancellation(error: BaseException) -> bool:
    match error:
        case BaseExceptionGroup(exceptions=errors):
            return any(map(_has_cancellation, errors))
        case _:
            return isinstance(error, anyio.get_cancelled_exc_class())
