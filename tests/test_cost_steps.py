"""The Python instructions of a connection, by function of anysocket, without other functions."""

import sys
from textwrap import dedent

import msgspec

from anysocket.routing.template import segments
from anysocket_matrix.cost.steps import Counting, Profile, Steps, by_function, per_connection

TIMES = 50


def test_what_is_run_is_counted_by_function() -> None:
    counting = Counting()
    assert counting.take_counts() == "[]"
    for _ in range(TIMES):
        segments("/chat/{room}")
        dedent("  somebody else's")
    found = per_connection(counting.take_counts(), TIMES)
    if sys.version_info < (3, 12):
        assert found == []
    else:
        assert [(steps.where, steps.function) for steps in found] == [("template", "segments")]
        assert found[0].count > 30


def test_several_servers_side_by_side() -> None:
    run, match, held = Steps(40, "handler", "run"), Steps(30, "router", "match"), Steps(90, "stream", "_hold")
    one = Profile("one", "1.0", [run, match])
    other = Profile("other", "2.0", [held, run, msgspec.structs.replace(match, count=50)])
    assert by_function([one, other]) == [
        ("stream", "_hold", [0, 90]),
        ("router", "match", [30, 50]),
        ("handler", "run", [40, 40]),
    ]
