"""What a hand-off of one kind can go through, drawn from the one table (``lifecycle``).

A state is a box, an act a port with whose act it is and what must come with it. What is possible
from every state alike ("entered in error") is said below instead of being drawn eleven times.
"""

from __future__ import annotations

from protocols.diagram.boxes import Box, port
from protocols.diagram.elements import words
from protocols.diagram.layers import Link, returning
from protocols.diagram.picture import picture
from protocols.lifecycle import TERMINAL, TRANSITIONS, Act, Kind, State, Transition
from protocols.spoken import Words

_HEIGHT = 34.0


def lifecycle_svg(kind: Kind, say: Words) -> str:
    """The drawing for one kind."""
    rows: dict[tuple[State, Act], Transition] = {
        (state, act): row
        for (of, state, act), row in TRANSITIONS.items()
        if of is kind and act is not Act.VOID
    }
    states = [one for one in State if any(one in {at, row.to} for (at, _), row in rows.items())]
    links = [Link(state, act, row.to) for (state, act), row in rows.items()]
    back = returning(tuple(states), links)
    turned = [
        Link(one.source, f"< {one.port}", one.target) if one in back else one for one in links
    ]
    left = {(one.source, one.port) for one in back}
    boxes = [_box(say, kind, state, rows, left) for state in states]
    void = TRANSITIONS[kind, State.REQUESTED, Act.VOID]
    below = f"{say.drawn('from_any_state')}: {_act(say, Act.VOID, void)}"
    return picture(
        say.drawn("life", kind=say.word("kinds_short", kind)),
        say.word("kinds", kind),
        "; ".join(
            f"{say.word('states', state)}, {_act(say, act, row)}: {say.word('states', row.to)}"
            for (state, act), row in rows.items()
        ),
        boxes,
        turned,
        (words(below, 0, 8, 11.5),),
        _HEIGHT,
    )


def _box(
    say: Words,
    kind: Kind,
    state: State,
    rows: dict[tuple[State, Act], Transition],
    left: set[tuple[str, str]],
) -> Box:
    name = say.word("states", state)
    ports = [
        port(f"< {act}" if back else act, _act(say, act, row), left=back)
        for (at, act), row in rows.items()
        if at is state
        for back in [(state, act) in left]
    ]
    look = "ended" if state in TERMINAL else kind
    return Box(state, look, name, "", name, (), tuple(ports))


def _act(say: Words, act: Act, row: Transition) -> str:
    parties = say.listed(say.word("roles", party) for party in sorted(row.parties))
    needs = ", ".join(say.word("with", one) for one in sorted(row.needs))
    return f"{say.word('acts', act)} · {parties}{f' ({needs})' if needs else ''}"
