"""Write tox's environments into the public CI's workflow: `python -m docs.workflow`, or `--check` it."""

import re
import subprocess
import sys
from pathlib import Path

WORKFLOW = Path(__file__).parent.parent / ".github" / "workflows" / "tests.yml"

REGION = re.compile(r"( +)# environments\n.*?( +# end\n)", re.DOTALL)

NAME = re.compile(r"[\w-]+")
"""The name of an environment. tox also prints lines about provisioning and time."""

NEWEST = "3.13"
"""The Python for an environment that names none."""

LABELS = ("pythons", "grid", "autobahn")


def environments() -> list[str]:
    """Return every environment that tox runs by default or under a label, except `report`."""
    listed = list(tox("list", "--no-desc", "-d"))
    for label in LABELS:
        listed += tox("config", "-m", label, "-k", "env_name")
    found = [line.removeprefix("env_name = ") for line in listed]
    return [name for name in dict.fromkeys(found) if NAME.fullmatch(name) and name != "report"]


def tox(*arguments: str) -> list[str]:
    """Return the lines that a command of tox prints."""
    command = [sys.executable, "-m", "tox", *arguments]
    ran = subprocess.run(command, cwd=WORKFLOW.parents[2], capture_output=True, text=True, check=True)
    return ran.stdout.splitlines()


def python(environment: str) -> str:
    """Return the Python version of an environment: 3.11 for py311-unit."""
    named = re.match(r"py(\d)(\d+)\b", environment)
    return f"{named[1]}.{named[2]}" if named else NEWEST


def main(arguments: list[str]) -> int:
    """Write the workflow, or check it."""
    text = WORKFLOW.read_text()
    found = [*environments(), "outside", "cost"]

    def region(match: re.Match[str]) -> str:
        jobs = [f'{match[1]}- {{ environment: {name}, python: "{python(name)}" }}\n' for name in found]
        return f"{match[1]}# environments\n{''.join(jobs)}{match[2]}"

    fresh = REGION.sub(region, text)
    if fresh == text:
        return 0
    if "--check" in arguments:
        print(f"{WORKFLOW.name} is stale: run python -m docs.workflow")
        return 1
    WORKFLOW.write_text(fresh)
    print(f"{WORKFLOW.name} written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
