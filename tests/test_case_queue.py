"""The queue from which the pytest processes of a row take its cases."""

import os
import subprocess
import sys

from anysocket_matrix.running.case_queue import fill, take

TAKES_ALL = """
import sys
from anysocket_matrix.running.case_queue import take

while (number := take(int(sys.argv[1]))) is not None:
    print(number)
"""


def test_each_number_once_and_in_order() -> None:
    queue = fill(300)
    assert [take(queue) for _ in range(301)] == [*range(300), None]
    os.close(queue)


def test_no_number_twice_among_processes() -> None:
    queue = fill(2000)
    command = [sys.executable, "-c", TAKES_ALL, str(queue)]
    takers = [subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=[queue]) for _ in range(3)]
    taken = [int(line) for taker in takers for line in taker.communicate()[0].split()]
    os.close(queue)
    assert sorted(taken) == list(range(2000))
