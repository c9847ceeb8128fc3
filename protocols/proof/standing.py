"""Where one step stands: the state of its automaton, with everything left out that changes nothing.

From the run of the engine a ``Standing`` keeps who was asked in the latest opening and what became
of it, which limits run or are spent, who holds the person as far as the step can tell, and events a
gate or a duty reads. Left out, because nothing the engine does later depends on it: moments, facts,
what has ended long ago, how far a ladder has been climbed between two rungs that matter, and
whether a ladder without any such rung left is spent. When everybody has been asked, no rung matters
any more.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from protocols.decision import (
    ClockState,
    HandOffState,
    Run,
    RunningClock,
    Standstill,
)
from protocols.facts import Facts
from protocols.law import FILER
from protocols.lifecycle import Kind, State
from protocols.moves import WAITING
from protocols.proof.projection import BEGUN, DUE, Projection, is_duty, takes_custody
from protocols.proof.supposing import SupposedMandates

_REMEMBERED = 4096  # hand-offs in their latest opening
WITH, ANOTHER = "with", "another"  # the hand-off a duty came with; custody somewhere else


_BY_MANDATE = attrgetter("mandate")


class Asked(NamedTuple):
    """One recipient of the latest opening."""

    mandate: str
    state: State
    opening: int


class Ticking(NamedTuple):
    """One limit, running or spent: on which hand-off, and how many rungs that matter have fired."""

    clock: str
    hand_off: str | None
    fired: int
    still: bool = False  # it stands still


@dataclass(frozen=True, slots=True)
class Standing:
    """One state of one step's automaton."""

    asked: tuple[Asked, ...] = ()
    ticking: tuple[Ticking, ...] = ()
    events: frozenset[str] = frozenset()
    open: bool = True
    custody: str | None = None
    accompanied: bool = False  # of a duty: the hand-off it came with is still in hand
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Take the hash once: a state is looked up for each edge that leads to it."""
        rest = (self.asked, self.ticking, self.events, self.open, self.custody, self.accompanied)
        object.__setattr__(self, "_hash", hash(rest))

    def __hash__(self) -> int:
        """The hash of what the state consists of."""
        return self._hash

    def waiting(self) -> tuple[Asked, ...]:
        """Whoever was asked and has not answered."""
        return tuple(one for one in self.asked if one.state in WAITING)

    def holds(self, step: str) -> bool:
        """Whether the holder keeps the step and has not done it."""
        return f"{step} held" in self.events and f"{step} completed" not in self.events

    def live(self, step: str) -> bool:
        """Whether somebody has the step in hand."""
        return self.holds(step) or any(not one.state.terminal for one in self.asked)


def key_of(step: str, asked: Asked) -> str:
    """The hand-off's key, as the engine names it."""
    return f"{step}/{asked.opening}/{asked.mandate}"


def clock_key(ticking: Ticking) -> str:
    """The running clock's id in the run the engine is asked about."""
    return f"{ticking.clock}/{ticking.hand_off or ''}"


def run_of(
    projection: Projection, standing: Standing, facts: Facts, holder: SupposedMandates
) -> Run:
    """The run the engine is asked about."""
    step = projection.step
    hand_offs = [
        HandOffState(key_of(step.id, one), step.id, step.kind, one.mandate, one.state, one.opening)
        for one in standing.asked
    ]
    if is_duty(step) and standing.accompanied:
        hand_offs.append(HandOffState(WITH, WITH, Kind.CUSTODY, "?", State.IN_PROGRESS))
    everybody = len(standing.asked) == len(step.order)
    clocks = [_clock_of(projection, one, everybody=everybody) for one in standing.ticking]
    return Run(
        facts,
        (),
        projection.protocol.country,
        holder_mandates=holder,
        hand_offs=tuple(hand_offs),
        clocks=tuple(clocks),
        events=standing.events,
        open=standing.open,
        custody=standing.custody,
    )


def standing_of(projection: Projection, run: Run) -> Standing:
    """The state a run is in."""
    step = projection.step
    asked = _asked(projection, [one for one in run.hand_offs if one.step == step.id])
    live = any(not one.state.terminal for one in asked)
    companion = [one for one in run.hand_offs if one.id == WITH]
    accompanied = bool(companion) and not companion[0].state.terminal
    events = run.events & projection.events
    # A refusal is forgotten when the opening has ended, or everybody has been asked.
    if not live or len(asked) == len(step.order):
        events -= {f"{step.id} refused"}
    in_hand = live or (f"{step.id} held" in events and f"{step.id} completed" not in events)
    if not run.open and not in_hand and step.kind is not Kind.NOTICE:
        return Standing(open=False)
    return Standing(
        asked=asked,
        ticking=_ticking(projection, run, asked),
        events=events,
        open=run.open,
        custody=_custody(projection, run, asked),
        accompanied=accompanied,
    )


def in_order(one: Standing) -> Standing:
    """The state with whoever was asked, and its limits, in the order of their names."""
    return Standing(
        tuple(sorted(one.asked, key=_BY_MANDATE)),
        tuple(sorted(one.ticking, key=_by_clock)),
        one.events,
        one.open,
        one.custody,
        one.accompanied,
    )


def _by_clock(one: Ticking) -> tuple[str, str, int, bool]:
    return one.clock, one.hand_off or "", one.fired, one.still


def _asked(projection: Projection, mine: list[HandOffState]) -> tuple[Asked, ...]:
    """The latest opening; once it has ended, only whether it was ever done."""
    if not mine:
        return ()
    step = projection.step
    latest = max(one.opening for one in mine)
    opening = min(latest, step.repeat)
    last = [one for one in mine if one.opening == latest]
    if all(one.state.terminal for one in last):
        done = any(one.state is State.COMPLETED for one in mine)
        state = State.COMPLETED if done else State.REJECTED
        return (Asked(step.order[0], state, opening),)
    return tuple(
        sorted(
            (Asked(one.mandate, _shown(projection, one), opening) for one in last),
            key=_BY_MANDATE,
        )
    )


def _shown(projection: Projection, one: HandOffState) -> State:
    """States nothing tells apart are one."""
    if one.state.terminal:
        return State.COMPLETED if one.state is State.COMPLETED else State.REJECTED
    if one.state is State.RECEIVED and one.kind is not Kind.NOTICE:
        told = f"{one.step} acknowledged" in projection.mentioned
        return State.RECEIVED if told else State.REQUESTED
    if one.state.answered:
        told = f"{one.step} started" in projection.mentioned and one.state is State.ACCEPTED
        return State.ACCEPTED if told else State.IN_PROGRESS
    return one.state


def _custody(projection: Projection, run: Run, asked: tuple[Asked, ...]) -> str | None:
    """Who holds the person, if this step can tell: whoever accepted it, or another body."""
    told = takes_custody(projection.step) or FILER in projection.step.order
    if run.custody is None or not told:
        return None
    own = {key_of(projection.step.id, one): one.state for one in asked}
    held = _renumbered(projection, run.custody) if run.custody.count("/") else ANOTHER
    if held in own and own[held].answered:
        return held
    matters = FILER in projection.step.order or any(one.state.answered for one in asked)
    return ANOTHER if matters else None


def _ticking(projection: Projection, run: Run, asked: tuple[Asked, ...]) -> tuple[Ticking, ...]:
    """Limits that run; spent ones only where somebody still waits, who has been called for."""
    everybody = len(asked) == len(projection.step.order)
    waiting = {key_of(projection.step.id, one): one for one in asked if one.state in WAITING}
    former = _former_openings(projection.step.id, run)
    found: set[Ticking] = set()
    for one in run.clocks:
        if one.clock not in projection.protocol.clocks:
            continue  # the review: it runs while nothing else does, and never ends anything
        if one.hand_off in former:
            continue
        attached = _renumbered(projection, one.hand_off)
        called = one.state is ClockState.LAPSED and _called_for(projection, run, one, waiting)
        if called or one.state.live:
            rungs = projection.rungs[one.clock, attached is not None]
            fired = bisect_left(rungs.matter, one.rung)
            if _matters_no_more(projection, one.clock, everybody=everybody):
                fired = len(rungs.matter)
            still = one.state is ClockState.PAUSED
            found.add(Ticking(one.clock, attached, fired, still))
    return tuple(sorted(found, key=_by_clock))


def _called_for(
    projection: Projection, run: Run, clock: RunningClock, waiting: Mapping[str, Asked]
) -> bool:
    """Whether a spent limit has called for somebody who still waits."""
    attached = _renumbered(projection, clock.hand_off)
    if attached is None:
        return run.open and bool(waiting)
    asked = waiting.get(attached)
    if asked is None:
        return False
    # It may have been spent before it was met: nobody is called for any more.
    law = projection.protocol.clocks[clock.clock]
    return asked.state is State.REQUESTED or f"{law.step} acknowledged" not in law.stop


def _former_openings(step: str, run: Run) -> frozenset[str]:
    """Hand-offs of the step that belong to an opening before the latest."""
    mine = [one for one in run.hand_offs if one.step == step]
    openings = {one.opening for one in mine}
    if len(openings) <= 1:
        return frozenset()
    return frozenset(one.id for one in mine if one.opening < max(openings))


def _renumbered(projection: Projection, hand_off: str | None) -> str | None:
    if hand_off is None or hand_off == WITH:
        return hand_off
    return _numbered(hand_off, projection.step.repeat)


@lru_cache(_REMEMBERED)
def _numbered(hand_off: str, most: int) -> str:
    step, opening, mandate = hand_off.split("/")
    return f"{step}/{min(int(opening), most)}/{mandate}"


def _matters_no_more(projection: Projection, clock: str, *, everybody: bool) -> bool:
    """Whether no rung of this limit makes a difference: everybody has been asked already."""
    return everybody and f"{clock} lapsed" not in projection.mentioned


def _clock_of(projection: Projection, one: Ticking, *, everybody: bool) -> RunningClock:
    law = projection.protocol.clocks[one.clock]
    rungs = projection.rungs[one.clock, one.hand_off is not None]
    state, rung = ClockState.PAUSED if one.still else ClockState.RUNNING, rungs.at(one.fired)
    all_fired = one.fired == len(rungs.matter) and rungs.last in rungs.matter
    if all_fired and not _matters_no_more(projection, one.clock, everybody=everybody):
        # Its last rung was one that matters: it calls nobody any more.
        state, rung = ClockState.LAPSED, rungs.last + 1
    return RunningClock(
        clock_key(one),
        one.clock,
        law.step,
        one.hand_off,
        BEGUN,
        DUE,
        state,
        rung=rung,
        stood=(Standstill(BEGUN),) if one.still else (),
    )
