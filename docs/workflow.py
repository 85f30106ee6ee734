"""Write tox's environments into the workflows of the public CI: `python -m docs.workflow [--check]`."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent

WORKFLOWS = ROOT / ".github" / "workflows"

SELECTED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "tests.yml": ((), ("-m", "pythons", "grid", "debian")),
    "weekly.yml": (("-m", "weekly"),),
}
"""The environments of each workflow, as options of tox; without any, those of its `env_list`."""

REGION = re.compile(r"( +)# generated\n.*?( +# end\n)", re.DOTALL)

NEWEST = "3.13"
"""The Python of an environment that names none."""


def environments(workflow: str) -> list[str]:
    """Give the environments of a workflow, without the report, which needs the results of the others."""
    listed = [name for options in SELECTED[workflow] for name in selected(*options)]
    return [name for name in dict.fromkeys(listed) if not name.startswith("report")]


def selected(*options: str) -> list[str]:
    """Give the environments that tox selects."""
    command = [sys.executable, "-m", "tox", "config", *options, "-k", "env_name"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return re.findall(r"^env_name = (.+)$", ran.stdout, re.MULTILINE)


def python(environment: str) -> str:
    """Give the Python of an environment: of py311-unit 3.11."""
    named = re.match(r"py(\d)(\d+)\b", environment)
    return f"{named[1]}.{named[2]}" if named else NEWEST


def written(workflow: str) -> str:
    """Give a workflow's text with its list written anew."""

    def region(match: re.Match[str]) -> str:
        indent = match[1]
        jobs = [json.dumps({"environment": name, "python": python(name)}) for name in environments(workflow)]
        lines = ["# generated", "environments: |", "  [", *[f"    {job}," for job in jobs], "  ]"]
        lines[-2] = lines[-2].removesuffix(",")
        return "".join(f"{indent}{line}\n" for line in lines) + match[2]

    return REGION.sub(region, (WORKFLOWS / workflow).read_text())


def main(arguments: list[str]) -> int:
    """Write the workflows, or check them."""
    stale = {name: text for name in SELECTED if (text := written(name)) != (WORKFLOWS / name).read_text()}
    for name, text in stale.items():
        if "--check" in arguments:
            print(f"{name} is stale: run python -m docs.workflow")
        else:
            (WORKFLOWS / name).write_text(text)
            print(f"{name} written")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
