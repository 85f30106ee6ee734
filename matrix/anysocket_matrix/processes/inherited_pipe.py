"""A pipe inherited by every process of a run; it reads EOF when the last one exits."""

import os

HELD = "ANYSOCKET_MATRIX_HELD"
"""Where a run tells its processes the descriptor that they hold."""


def held() -> list[int]:
    """Give what a new process has to inherit."""
    return [int(os.environ[HELD])] if HELD in os.environ else []
