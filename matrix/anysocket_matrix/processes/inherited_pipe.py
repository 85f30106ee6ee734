"""What all processes of a run hold, so that it sees when the last of them is gone."""

import os

HELD = "ANYSOCKET_MATRIX_HELD"
"""Where a run tells its processes the descriptor that they hold."""


def held() -> list[int]:
    """Give what a new process has to inherit."""
    return [int(os.environ[HELD])] if HELD in os.environ else []
