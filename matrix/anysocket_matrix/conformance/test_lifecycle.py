"""L1, L2, L3: a server's startup, shutdown and keepalive. Each case starts its own server."""

import os
import signal
import time
from contextlib import suppress

from anysocket_adapters.options import OptionValues
from anysocket_matrix.case import LIFECYCLE_LAYERS, case
from anysocket_matrix.conformance.case_peer import Launch
from anysocket_matrix.peer.frames import Opcode, frame_bytes
from anysocket_matrix.peer.peer import Mismatch, Peer
from anysocket_matrix.rows.running_server import NotServing, RunningServer

APP = "anysocket_matrix.conformance.lifecycle:app"
NEVER = "anysocket_matrix.conformance.lifecycle:never"

GRACE = 3.0
"""Seconds that handlers get to end at shutdown."""

GRACEFUL = OptionValues(graceful_timeout=GRACE)

TWO_WORKERS = OptionValues(graceful_timeout=GRACE, workers=2)

AT_ONCE = 2.0
"""Seconds within which a peer sees 1001, well before the handlers' time is over."""

BUSY = 3.0
"""Extra seconds for a machine that runs other rows at the same time."""

KEEPALIVE = OptionValues(ping_interval=0.4, ping_timeout=0.4)


def ends(server: RunningServer, status: int = 0) -> None:
    """Expect that the server and its workers exit in time."""
    found = server.wait(GRACE + 2 + BUSY)
    if found != status:
        raise Mismatch(f"exit status {status}", f"exit status {found}")


@case("L1", layers=LIFECYCLE_LAYERS)
def test_startup_that_fails(launch: Launch) -> None:
    """A lifespan that fails at startup ends the server with a status other than 0, and the log says why."""
    server = launch(NEVER)
    with suppress(NotServing):
        raise Mismatch("no server", server.url)
    if server.wait(5) == 0:
        raise Mismatch("a status other than 0", "exit status 0")
    server.expect_output("LookupError: no database", within=0)


@case("L2", requires="close_code", layers=LIFECYCLE_LAYERS)
def test_sigterm(launch: Launch) -> None:
    """After SIGTERM the peer sees 1001 at once, and the handler sees the end and has time to finish."""
    server = launch(APP, **GRACEFUL)
    with server.connect("/patient") as peer:
        peer.receive_frame()
        server.terminate()
        peer.expect_close(1001, "", AT_ONCE)
        peer.send_close(1001)
        server.expect_output("the handler saw 1001", within=GRACE)
        ends(server)


@case("L2", layers=LIFECYCLE_LAYERS)
def test_sigint(launch: Launch) -> None:
    """Ctrl-C shuts down like SIGTERM, although the workers get the signal too."""
    server = launch(APP, **TWO_WORKERS)
    with server.connect("/patient") as peer:
        peer.receive_frame()
        server.interrupt()
        peer.expect_close_frame(AT_ONCE)
        peer.send_close(1001)
        server.expect_output("the handler saw 1001", within=GRACE)
        ends(server)


@case("L2", layers=LIFECYCLE_LAYERS)
def test_sigterm_within_a_message(launch: Launch) -> None:
    """A peer that is in the middle of a message sees the close frame at shutdown."""
    server = launch(APP, **GRACEFUL)
    with server.connect("/patient") as peer:
        peer.receive_frame()
        peer.send_frame(Opcode.TEXT, b"half a", fin=False)
        peer.send_raw(frame_bytes(Opcode.CONTINUATION, b" message")[:-2])
        server.terminate()
        peer.expect_close_frame(AT_ONCE)
        peer.hang_up()
        ends(server)


@case("L2", layers=LIFECYCLE_LAYERS)
def test_sigterm_with_two_workers(launch: Launch) -> None:
    """At shutdown the peers of every worker see the close frame, and no worker stays."""
    server = launch(APP, **TWO_WORKERS)
    with server.connect("/patient") as one, server.connect("/patient") as other:
        for peer in (one, other):
            peer.receive_frame()
        server.terminate()
        for peer in (one, other):
            peer.expect_close_frame(AT_ONCE)
            peer.send_close(1001)
        ends(server)


@case("L2", layers=LIFECYCLE_LAYERS)
def test_sigterm_with_a_silent_peer(launch: Launch) -> None:
    """A peer that doesn't answer the close holds up neither the handler nor the shutdown."""
    server = launch(APP, **GRACEFUL)
    with server.connect("/patient") as peer:
        peer.receive_frame()
        server.terminate()
        peer.expect_close_frame(AT_ONCE)
        server.expect_output("the handler saw 1001", within=GRACE)
        ends(server)


@case("L2", layers=LIFECYCLE_LAYERS)
def test_sigterm_with_a_deaf_handler(launch: Launch) -> None:
    """A handler that doesn't end is cancelled when its graceful timeout is over."""
    server = launch(APP, **GRACEFUL)
    with server.connect("/deaf") as peer:
        peer.expect_text("here")
        server.terminate()
        peer.expect_close_frame(AT_ONCE)
        peer.send_close(1001)
        ends(server)


@case("L2", layers=LIFECYCLE_LAYERS)
def test_sigterm_with_a_peer_that_does_not_read(launch: Launch) -> None:
    """A peer that doesn't read can't hold up the shutdown."""
    server = launch(APP, **GRACEFUL)
    with server.connect("/flood"):
        server.expect_output("the peer doesn't read")
        server.terminate()
        ends(server)


@case("L2", layers=LIFECYCLE_LAYERS)
def test_sigterm_within_the_handshake(launch: Launch) -> None:
    """A peer whose handshake isn't answered yet at shutdown is denied with 503."""
    server = launch(APP, **GRACEFUL)
    with Peer.connect(f"{server.url}/slow", answer=False, http2=server.row.http2) as peer:
        server.expect_output("thinking")
        server.terminate()
        peer.wait_for_answer()
        peer.expect_status(503)
        ends(server)


@case("L2", layers=LIFECYCLE_LAYERS)
def test_worker_that_dies(launch: Launch) -> None:
    """A killed worker takes its connections with it; another takes its place, and the log says so."""
    server = launch(APP, **TWO_WORKERS)
    with server.connect("/patient") as peer:
        killed = int(peer.receive_frame().payload)
        os.kill(killed, signal.SIGKILL)
        peer.expect_end()
    server.expect_output("worker", within=1)
    serving, until = set[int](), time.monotonic() + 5 + BUSY
    while len(serving) < 2:
        if time.monotonic() > until:
            raise Mismatch("two workers", f"{len(serving)} besides the killed one")
        with suppress(OSError, Mismatch), server.connect("/patient") as peer:
            serving |= {int(peer.receive_frame().payload)} - {killed}
    server.terminate()
    ends(server)


@case("L3", requires="keepalive", layers=LIFECYCLE_LAYERS)
def test_dead_peer(launch: Launch) -> None:
    """With keepalive on, the handler of a peer that answers no ping ends within interval and timeout."""
    server = launched_with_keepalive(launch)
    with server.connect("/patient") as peer:
        peer.receive_frame()
        server.expect_output("the handler saw 1006", within=0.4 + 0.4 + 1)


@case("L3", requires=("keepalive", "pong_behind_unread"), layers=LIFECYCLE_LAYERS)
def test_live_peer_of_a_busy_handler(launch: Launch) -> None:
    """With keepalive on, a peer that answers pings stays connected while the handler is busy."""
    server = launched_with_keepalive(launch)
    with server.connect("/busy") as peer:
        peer.expect_text("here")
        for _ in range(100):
            peer.send_text("unread")
        peer.send_text("last")
        until = time.monotonic() + 5
        while (frame := peer.receive_frame(deadline=until - time.monotonic())).opcode is Opcode.PING:
            peer.send_frame(Opcode.PONG, frame.payload)
        if frame.payload != b"counted":
            raise Mismatch("the count of the messages", frame)
        server.expect_output("the handler counted 100", within=1)


def launched_with_keepalive(launch: Launch) -> RunningServer:
    """Start a server with keepalive; a server that has none refuses the option."""
    server = launch(APP, **KEEPALIVE)
    try:
        print(server.url)
    except NotServing as refused:
        raise Mismatch("a server with keepalive", refused) from None
    return server
