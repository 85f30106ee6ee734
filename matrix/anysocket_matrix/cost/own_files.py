"""Which files are anysocket's own: those in the folders of its four packages."""

import os

import anysocket
import anysocket_adapters
import anysocket_matrix
import anysocket_protocol

_FOLDERS = tuple(
    os.path.join(folder, "")
    for package in (anysocket, anysocket_protocol, anysocket_adapters, anysocket_matrix)
    for folder in package.__path__
)


def is_own(file: str) -> bool:
    """Tell whether a file, named as in a code object or a traceback, belongs to anysocket."""
    return file.startswith(_FOLDERS)
