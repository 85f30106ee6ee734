"""Autobahn's client, kosoku, in a process of its own, because its threads may abort an ending interpreter.

`python -m anysocket_matrix.autobahn.client` lists Autobahn's cases, one on each line. With a JSON
object in the form of `Task` it runs them, and prints each result as a line of JSON.
"""

import asyncio
import os
import sys
from collections.abc import Sequence

import msgspec
from kosoku import FailureError, run_fuzzingclient

NOWHERE = "ws://127.0.0.1:9/"
"""An address where nothing listens: every case ends at once, so a run lists the cases."""


class Task(msgspec.Struct, frozen=True):
    """The cases to run, and the URLs to run each of them against."""

    urls: Sequence[str]
    cases: Sequence[str]
    at_once: int


class CaseResult(msgspec.Struct, frozen=True):
    """Autobahn's result of one case."""

    url: str
    case: str
    behavior: str
    """OK, NON-STRICT, INFORMATIONAL, UNIMPLEMENTED, FAILED, or ERROR if it couldn't be run."""
    passed: bool
    """Whether both the behaviour and the close of the connection are good enough."""
    says: str
    """The reason, in Autobahn's words."""


async def run(url: str, case: str) -> list[CaseResult]:
    """Run a case, or all cases that match a pattern."""
    try:
        results = await run_fuzzingclient(url, [case])
    except FailureError as error:
        results = error.results  # the report has all cases, not only failed ones
    return [
        CaseResult(
            url=url,
            case=each.case_id,
            behavior=each.behavior.value,
            passed=each.passed,
            says="; ".join(dict.fromkeys(says for says in (each.result, each.result_close) if says)),
        )
        for each in results
    ]


async def run_task(task: Task) -> None:
    """Run all cases, several at a time, and print each result when it comes."""
    free = asyncio.Semaphore(task.at_once)

    async def run_one(url: str, case: str) -> None:
        async with free:
            for result in await run(url, case):
                print(msgspec.json.encode(result).decode(), flush=True)

    async with asyncio.TaskGroup() as tasks:
        for case in task.cases:
            for url in task.urls:
                tasks.create_task(run_one(url, case))


async def print_cases() -> None:
    """Print the ids of all cases."""
    print(*(result.case for result in await run(NOWHERE, "*")), sep="\n", flush=True)


if __name__ == "__main__":
    asyncio.run(run_task(msgspec.json.decode(sys.argv[1], type=Task)) if sys.argv[1:] else print_cases())
    os._exit(0)  # don't wait for kosoku's threads
