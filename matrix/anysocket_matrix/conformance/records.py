"""Ask the app under test for a program's record, over HTTP."""

from contextlib import closing
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urlsplit

import msgspec

from anysocket_matrix.conformance.app import Record
from anysocket_matrix.peer.wire import unverified


def fetch_record(server_url: str, path: str, deadline: float) -> Record | None:
    """Ask the app under test for a record; None if the program never ran.

    Raises:
        OSError: the server doesn't answer.
    """
    parts = urlsplit(server_url)
    connection = HTTPConnection(parts.netloc, timeout=deadline)
    if parts.scheme == "wss":
        connection = HTTPSConnection(parts.netloc, timeout=deadline, context=unverified())
    with closing(connection):
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
    return msgspec.msgpack.decode(body, type=Record) if response.status == 200 else None
