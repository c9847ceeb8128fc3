"""All that can become of one step: explored breadth first, so that every way is a shortest one.

Each edge is one happening under one supposition, answered by the engine. The states found and the
edges between them are what the properties are read from.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from protocols.altered import altered
from protocols.answers import PAST
from protocols.conditions import World
from protocols.decision import (
    AdvanceClock,
    Decided,
    Decision,
    Escalate,
    HoldStep,
    MoveCustody,
    MoveHandOff,
    NeedFact,
    OpenHandOff,
    RecordEvent,
    Run,
    StartClock,
    Withheld,
)
from protocols.exclusions import shut_out
from protocols.lifecycle import Act
from protocols.proof.happenings import Happening, Whose, happenings, running, supposed_run
from protocols.proof.projection import Projection, is_duty
from protocols.proof.standing import ANOTHER, WITH, Standing, run_of, standing_of
from protocols.proof.supposing import (
    SupposedMandates,
    Supposition,
    Suppositions,
    gone_through,
)
from protocols.rehearsal import carried_out

MOST_STATES = 200_000
_WORDS = {**PAST, Act.ACCEPT: "accepted"}
_ONLY_TOLD = (HoldStep, Withheld, NeedFact, Escalate)


class TooManyStates(Exception):
    """A component has more states than can be proved; names what couples it."""

    def __init__(self, step: str, coupling: tuple[str, ...], most: int) -> None:
        """Keep the step and the triggers that couple it to others."""
        self.step, self.coupling = step, coupling
        super().__init__(f"{step}: more than {most:,} states, {', '.join(coupling)}")


class Edge(NamedTuple):
    """One answer: from where, what happened, what was supposed, what it led to."""

    start: Standing
    words: str
    whose: Whose
    end: Standing
    opened: tuple[tuple[str, str], ...] = ()  # (step, mandate) asked
    kept: tuple[str, ...] = ()
    fired: frozenset[str] = frozenset()  # triggers of the step that came of it
    shut_out: tuple[str, ...] = ()  # mandates asked or told although a rule forbids it
    act: Act | None = None
    custody_moved: bool = False
    watched: bool = True  # some limit runs afterwards, or the referral is closed
    leaves: bool = False  # another body takes the person over
    supposing: tuple[Supposition, ...] = ()


@dataclass(frozen=True, slots=True)
class Automaton:
    """The states of one step, how each is first reached, and all edges."""

    projection: Projection
    reached: Mapping[Standing, Edge | None]
    edges: Mapping[Standing, tuple[Edge, ...]]


def explored(projection: Projection, most: int = MOST_STATES) -> Automaton:
    """Explore everything that can become of a step. Raises TooManyStates."""
    begin = Standing(accompanied=is_duty(projection.step))
    reached: dict[Standing, Edge | None] = {begin: None}
    edges: dict[Standing, tuple[Edge, ...]] = {}
    queue = deque([begin])
    while queue:
        standing = queue.popleft()
        edges[standing] = tuple(_edges(projection, standing))
        for edge in edges[standing]:
            if edge.end not in reached:
                reached[edge.end] = edge
                queue.append(edge.end)
        if len(reached) > most:
            raise TooManyStates(projection.step.id, projection.elsewhere, most)
    return Automaton(projection, reached, edges)


def _edges(projection: Projection, standing: Standing) -> Iterator[Edge]:
    supposed = Suppositions(projection.profiles.groups, ())
    facts, holder = supposed_run(supposed)
    run = run_of(projection, standing, facts, holder)
    here = _Here(projection, standing, run, standing_of(projection, run), holder)
    for happening in happenings(projection, standing, run):
        told = set()
        for edge, trail in gone_through(supposed, partial(_edge, here, happening)):
            if edge is not None and edge not in told:
                told.add(edge)
                yield edge._replace(supposing=trail) if trail else edge


class _Here(NamedTuple):
    """Where a step stands, as a run the engine can be asked about; ``stays``: if nothing moves."""

    projection: Projection
    standing: Standing
    run: Run
    stays: Standing
    holder: SupposedMandates


def _edge(here: _Here, happening: Happening) -> Edge | None:
    projection, run = here.projection, here.run
    answer = happening.ask(run, here.holder)
    if not isinstance(answer, Decision):
        return None
    if happening.leaves or any(_moves(projection, run, item) for item in answer.items):
        after = carried_out(run, answer, outcome=happening.outcome)
        if happening.leaves:
            after = altered(after, custody=ANOTHER)
        end = standing_of(projection, after)
    else:
        after, end = run, here.stays
    seen = _seen(projection, answer)
    return Edge(
        here.standing,
        happening.words,
        happening.whose,
        end,
        tuple(seen.opened),
        tuple(seen.kept),
        frozenset(seen.fired),
        _shut_out(projection, run, seen),
        happening.act,
        seen.custody_moved,
        watched=not after.open or running(after) or bool(answer.all(StartClock)),
        leaves=happening.leaves,
    )


def _moves(projection: Projection, run: Run, item: Decided) -> bool:
    """Whether this changes where the step stands; the review beside it does not."""
    if isinstance(item, RecordEvent):
        return item.event in projection.events and item.event not in run.events
    if isinstance(item, StartClock):
        return item.clock in projection.protocol.clocks
    return not isinstance(item, _ONLY_TOLD)


@dataclass(slots=True)
class _Seen:
    """What a decision shows of what follows: who was asked and told, which triggers came."""

    opened: list[tuple[str, str]] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    fired: set[str] = field(default_factory=set)
    custody_moved: bool = False


def _seen(projection: Projection, answer: Decision) -> _Seen:
    seen, step = _Seen(), projection.step.id
    for item in answer.items:
        match item:
            case OpenHandOff():
                seen.opened.append((item.step, item.mandate))
                seen.fired.add(f"{item.step} opened")
            case HoldStep():
                seen.kept.append(item.step)
                seen.fired.update(f"{item.step} {word}" for word in ("opened", "kept", "accepted"))
            case MoveHandOff() if item.hand_off != WITH:
                if word := _WORDS.get(item.act):
                    seen.fired.add(f"{step} {word}")
            case RecordEvent():
                seen.fired.add(item.event)
            case AdvanceClock():
                seen.fired.add(f"{item.clock.partition('/')[0]} lapsed")
            case Escalate():
                seen.told.append(item.to)
            case MoveCustody():
                seen.custody_moved = True
    return seen


def _shut_out(projection: Projection, run: Run, seen: _Seen) -> tuple[str, ...]:
    """Whom a rule forbids, of those asked and told; supposed like everything else."""
    protocol = projection.protocol
    named = dict.fromkeys((*(mandate for _, mandate in seen.opened), *seen.told))
    watched = [one for one in named if one in protocol.index.excluding]
    return tuple(one for one in watched if shut_out(protocol, one, World(run.facts, {})))
