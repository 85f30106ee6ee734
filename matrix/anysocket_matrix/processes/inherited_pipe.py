"""A pipe inherited by every process of a run; it reads EOF when the last one exits."""

import os

INHERITED_PIPE = "ANYSOCKET_MATRIX_PIPE"
"""The environment variable with the descriptor of the pipe."""


def inherited_pipe() -> list[int]:
    """Return the descriptors that a new process has to inherit: the pipe's, within a run."""
    return [int(os.environ[INHERITED_PIPE])] if INHERITED_PIPE in os.environ else []
