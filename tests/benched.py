"""Benchmark results for tests."""

from anysocket_matrix.bench.results import Environment, Results, Round

ENVIRONMENT = Environment(
    anysocket="1",
    python="3.13",
    platform="Linux",
    processor="<fast>",
    cores=2,
    load=0.5,
    loop="asyncio",
    started="2026-01-01T00:00:00+00:00",
    packages={"granian": "2"},
)


def rounds(app: str, times: list[float], memory: float | None = None, server: str = "granian") -> list[Round]:
    """Make rounds from the microseconds that a message took in each."""
    return [
        Round(server, app, "echo-32", number, 100, 1.0, 100 * cpu / 1e6, 0.1, 1e-6, 2e-6, memory)
        for number, cpu in enumerate(times)
    ]


def results(*measured: Round) -> Results:
    """Make the results of a run."""
    commands = {each.server: {each.app: "python -m granian"} for each in measured}
    return Results(ENVIRONMENT, {"echo-32": "message"}, {}, commands, list(measured), [])
