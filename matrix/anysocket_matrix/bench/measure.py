"""The measurement: one server after the other, with its apps side by side, round by round."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from anysocket_matrix.bench import native
from anysocket_matrix.bench.apps import App
from anysocket_matrix.bench.cpu import Processes
from anysocket_matrix.bench.generator import LoadFailed, LoadGenerator
from anysocket_matrix.bench.protocol import Open, Run, Shut
from anysocket_matrix.bench.results import Round, Trouble
from anysocket_matrix.bench.scenarios import COLLECT, Kind, Scenario
from anysocket_matrix.bench.server import AppServer, cores
from anysocket_matrix.rows.rows import Row
from anysocket_matrix.rows.running_server import NotServing

_WARM_UP = 0.2
"""The part of a round's time that the app is kept busy before the round."""


@dataclass(frozen=True)
class Plan:
    """The rows, apps and scenarios to measure."""

    rows: Sequence[Row]
    apps: Sequence[App]
    scenarios: Sequence[Scenario]
    rounds: int
    seconds: float

    @property
    def steps(self) -> int:
        """The number of steps that `measure` reports."""
        return self.rounds * sum(
            app.has(scenario.name)
            for row in self.rows
            for app in self.on(row)
            for scenario in self.scenarios_on(row)
        )

    def on(self, row: Row) -> list[App]:
        """Return the apps that a row can serve."""
        return [app for app in self.apps if native.runs(row, app)]

    def scenarios_on(self, row: Row) -> list[Scenario]:
        """Return the scenarios that can be measured on a row."""
        compresses = native.compresses(row)
        return [each for each in self.scenarios if compresses or each.kind is not Kind.COMPRESSED]

    def groups(self, row: Row) -> list[list[Scenario]]:
        """Group the scenarios that share one process of an app; memory is measured in a fresh process."""
        chosen = self.scenarios_on(row)
        together = [each for each in chosen if not each.memory]
        return [*([together] if together else ()), *([each] for each in chosen if each.memory)]


@dataclass
class Measured:
    """The rounds of a run, and its troubles."""

    rounds: list[Round] = field(default_factory=list[Round])
    troubles: list[Trouble] = field(default_factory=list[Trouble])
    commands: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])


def measure(plan: Plan, going_on: Callable[[str, int], None]) -> Measured:
    """Measure everything. `going_on` is called with the next step and the number of steps done.

    Raises:
        ValueError: a server's command doesn't support an option.
        ClientFailed: the client died.
    """
    measured = Measured()
    for row in plan.rows:
        for group in plan.groups(row):
            with ExitStack() as stack:
                going_on(f"{row.name}: starting", 0)
                _Group(plan, row, group, measured, going_on, stack).run()
    return measured


class _Group:
    """The apps of one server, one process each, and some scenarios."""

    def __init__(
        self,
        plan: Plan,
        row: Row,
        scenarios: Sequence[Scenario],
        measured: Measured,
        going_on: Callable[[str, int], None],
        stack: ExitStack,
    ) -> None:
        self._plan = plan
        self._row = row
        self._scenarios = scenarios
        self._measured = measured
        self._going_on = going_on
        of_servers, of_client = cores()
        apps = [app for app in plan.on(row) if any(app.has(each.name) for each in scenarios)]
        # One loop each, so that no process has the connections of all; only one is busy at a time.
        self._clients = {app.name: stack.enter_context(LoadGenerator(of_client)) for app in apps}
        servers = [stack.enter_context(AppServer(row, app, of_servers)) for app in apps]
        self._servers = {server.app.name: server for server in servers}
        self._processes: dict[str, Processes] = {}
        self._given_up: set[tuple[str, str]] = set()

    def run(self) -> None:
        """Run all rounds; each begins with another app."""
        self._wait_until_ready()
        names = list(self._servers)
        for number in range(self._plan.rounds):
            first = number % len(names)
            for scenario in self._scenarios:
                for name in names[first:] + names[:first]:
                    if not self._servers[name].app.has(scenario.name):
                        continue
                    self._going_on(f"{self._row.name}: {scenario.name}, {name}", 0)
                    self._try(scenario, self._servers[name], number)
                    self._going_on(f"{self._row.name}: {scenario.name}, {name}", 1)

    def _wait_until_ready(self) -> None:
        commands = self._measured.commands.setdefault(self._row.name, {})
        for name, server in self._servers.items():
            commands[name] = native.shown(native.command(self._row, server.app, port=8000))
            try:
                self._processes[name] = server.processes()
            except (NotServing, ProcessLookupError) as error:
                self._give_up(server, None, error)

    def _try(self, scenario: Scenario, server: AppServer, number: int) -> None:
        if (server.app.name, scenario.name) in self._given_up:
            return
        try:
            self._measured.rounds.extend(self._round(scenario, server, number))
        except (LoadFailed, ProcessLookupError) as error:
            self._give_up(server, scenario if server.alive else None, error)

    def _give_up(self, server: AppServer, scenario: Scenario | None, error: Exception) -> None:
        """Leave out what can't be measured: one scenario, or all scenarios of a process."""
        left_out = [
            each
            for each in (self._scenarios if scenario is None else [scenario])
            if (server.app.name, each.name) not in self._given_up
        ]
        self._given_up |= {(server.app.name, each.name) for each in left_out}
        why = error.why if isinstance(error, NotServing) else str(error)
        log = server.log()
        for each in left_out:
            self._measured.troubles.append(
                Trouble(self._row.name, server.app.name, each.name, f"{server.name}: {why}", log)
            )

    def _round(self, scenario: Scenario, server: AppServer, number: int) -> Iterator[Round]:
        processes, client = self._processes[server.app.name], self._clients[server.app.name]
        url = server.url + scenario.path
        opened = self._connections(scenario, number)
        memory = self._open(scenario, server, processes, opened)
        if scenario.kind is not Kind.IDLE:
            client.ask(Run(url, self._plan.seconds * _WARM_UP))
        before = processes.cpu
        done = client.ask(Run(url, self._plan.seconds))
        cpu = processes.cpu - before
        if not scenario.memory:
            client.ask(Shut(url))
        if scenario.kind is Kind.IDLE and not opened:
            return
        yield Round(
            server=self._row.name,
            app=server.app.name,
            scenario=scenario.name,
            number=number,
            count=done.count,
            seconds=done.seconds,
            cpu=cpu,
            client=done.cpu,
            p50=done.p50,
            p99=done.p99,
            memory=memory,
        )

    def _connections(self, scenario: Scenario, number: int) -> int:
        """Return how many connections a round opens.

        Connections whose memory is measured stay open, and each round opens more, so that each round is a
        sample. A broadcast always goes to all connections.
        """
        if scenario.kind is Kind.IDLE:
            rounds = self._plan.rounds
            return scenario.connections * (number + 1) // rounds - scenario.connections * number // rounds
        return scenario.connections if number == 0 or not scenario.memory else 0

    def _open(
        self, scenario: Scenario, server: AppServer, processes: Processes, connections: int
    ) -> float | None:
        """Open connections, and return the bytes of memory that each one takes."""
        client, url = self._clients[server.app.name], server.url + scenario.path
        if not scenario.memory or not connections:
            client.ask(Open(url, scenario, connections))
            return None
        self._collect(server)
        before = processes.memory
        client.ask(Open(url, scenario, connections))
        self._collect(server)
        return (processes.memory - before) / connections

    def _collect(self, server: AppServer) -> None:
        client, url = self._clients[server.app.name], server.url + COLLECT.path
        client.ask(Open(url, COLLECT, 0))
        client.ask(Run(url, 0))
        client.ask(Shut(url))
