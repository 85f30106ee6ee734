"""Autobahn's own client, kosoku, in a process of its own: its threads may abort an interpreter that ends.

`python -m anysocket_matrix.autobahn.client` lists Autobahn's cases, one a line. With a JSON object
as `Task` has it, it runs them, and tells each result in a line of JSON.
"""

import asyncio
import os
import sys
from collections.abc import Sequence

import msgspec
from kosoku import FailureError, run_fuzzingclient

NOWHERE = "ws://127.0.0.1:9/"
"""Where nobody listens: every case ends at once, which tells what cases there are."""


class Task(msgspec.Struct, frozen=True):
    """What to run: each case against each URL."""

    urls: Sequence[str]
    cases: Sequence[str]
    at_once: int


class CaseResult(msgspec.Struct, frozen=True):
    """What Autobahn says of one case."""

    url: str
    case: str
    behavior: str
    """OK, NON-STRICT, INFORMATIONAL, UNIMPLEMENTED, FAILED, or ERROR when it couldn't be run."""
    passed: bool
    """Whether that is good enough, and how the connection was closed too."""
    says: str
    """Why, in Autobahn's words."""


async def run(url: str, case: str) -> list[CaseResult]:
    """Run a case, or all that match a pattern."""
    try:
        results = await run_fuzzingclient(url, [case])
    except FailureError as error:
        results = error.results  # of all cases, not only of those that failed
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
    """Run all, several at a time, and print the results as they come."""
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
    """Print what cases there are."""
    print(*(result.case for result in await run(NOWHERE, "*")), sep="\n", flush=True)


if __name__ == "__main__":
    asyncio.run(run_task(msgspec.json.decode(sys.argv[1], type=Task)) if sys.argv[1:] else print_cases())
    os._exit(0)  # nothing of kosoku's threads is waited for
