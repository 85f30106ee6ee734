"""The states of a connection, drawn and as a table."""

from docs.tables import table

from anysocket.session.state import TRANSITIONS, Action, State


def state_diagram() -> str:
    """Draw the transitions; those between the same two states share an arrow."""
    arrows: dict[tuple[State, State], list[Action]] = {}
    for state, transitions in TRANSITIONS.items():
        for action, following in transitions.items():
            arrows.setdefault((state, following), []).append(action)
    lines = [
        f"    {state.name} --> {following.name}: {', '.join(action.value for action in actions)}"
        for (state, following), actions in arrows.items()
    ]
    first, last = next(iter(State)), list(State)[-1]
    return "\n".join(
        [
            "```mermaid",
            "stateDiagram-v2",
            f"    [*] --> {first.name}",
            *lines,
            f"    {last.name} --> [*]",
            "```",
        ]
    )


def transition_table() -> str:
    """List the state after each action in each state; a dash is a refused action."""
    return table(
        ("", *(action.value for action in Action)),
        [
            (state.name, *(_following(transitions.get(action)) for action in Action))
            for state, transitions in TRANSITIONS.items()
        ],
    )


def _following(state: State | None) -> str:
    return "–" if state is None else state.name  # noqa: RUF001  # a dash for people
