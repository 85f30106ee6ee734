"""What a connection runs of Python's instructions: by the functions of anysocket's, and nobody else's."""

import sys
from textwrap import dedent

from anysocket.routing.template import segments
from anysocket_matrix.cost.steps import Counting, each

TIMES = 50


def test_what_is_run_is_counted_by_function() -> None:
    counting = Counting()
    assert counting.told() == "[]"
    for _ in range(TIMES):
        segments("/chat/{room}")
        dedent("  somebody else's")
    found = each(counting.told(), TIMES)
    if sys.version_info < (3, 12):
        assert found == []
    else:
        assert [(steps.where, steps.function) for steps in found] == [("template", "segments")]
        assert found[0].count > 30
