"""Carrying decisions out in memory: how a worked case, a proof or a replay goes on.

The service carries a decision out in a database; here the same decided facts make the next ``Run``.
Agencies do not occur: a hand-off's id is its key, and whoever accepts holds that one mandate.
"""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import Any, TypeAlias

from protocols.decision import (
    AdvanceClock,
    ClockState,
    CloseReferral,
    Decided,
    Decision,
    ExtendClock,
    HandOffState,
    MoveCustody,
    MoveHandOff,
    OpenHandOff,
    PauseClock,
    RecordEvent,
    ResumeClock,
    Run,
    RunningClock,
    StartClock,
    StopClock,
)
from protocols.lifecycle import Act, State

_Moved: TypeAlias = StopClock | AdvanceClock | PauseClock | ResumeClock | ExtendClock


def carried_out(run: Run, decision: Decision, *, outcome: str | None = None) -> Run:
    """The run after this decision; ``outcome`` is that of the completion just carried out."""
    return reduce(lambda so_far, item: _one(so_far, item, outcome), decision.items, run)


def _one(run: Run, item: Decided, outcome: str | None) -> Run:
    changed: dict[str, Any] = {}  # what only informs (held steps, escalations, …) changes nothing
    match item:
        case OpenHandOff():
            new = HandOffState(
                item.key, item.step, item.kind, item.mandate, State.REQUESTED, item.opening
            )
            changed["hand_offs"] = (*run.hand_offs, new)
        case MoveHandOff():
            said = outcome if item.act is Act.COMPLETE else None
            changed["hand_offs"] = tuple(_moved(one, item, said) for one in run.hand_offs)
        case MoveCustody():
            mandate = next(one.mandate for one in run.hand_offs if one.id == item.hand_off)
            changed = {"custody": item.hand_off, "holder_mandates": frozenset({mandate})}
        case RecordEvent():
            changed["events"] = run.events | {item.event}
        case CloseReferral():
            changed["open"] = False
        case StartClock():
            changed["clocks"] = (*run.clocks, _begun(run, item))
        case StopClock() | AdvanceClock() | PauseClock() | ResumeClock() | ExtendClock():
            changed["clocks"] = tuple(
                _clocked(one, item) if one.id == item.clock else one for one in run.clocks
            )
    return replace(run, **changed) if changed else run


def _moved(one: HandOffState, item: MoveHandOff, outcome: str | None) -> HandOffState:
    if one.id != item.hand_off:
        return one
    return replace(one, state=item.to_state, outcome=outcome or one.outcome)


def _begun(run: Run, item: StartClock) -> RunningClock:
    return RunningClock(
        f"{item.clock}#{len(run.clocks) + 1}",
        item.clock,
        item.step,
        item.hand_off,
        item.starts_at,
        item.due_at,
        item.state,
        extensions=item.extensions,
        stood=item.stood,
    )


def _clocked(one: RunningClock, item: _Moved) -> RunningClock:
    match item:
        case StopClock():
            return replace(one, state=item.to)
        case AdvanceClock():
            return replace(one, rung=item.rung, state=item.state)
        case PauseClock():
            return replace(one, state=ClockState.PAUSED, stood=item.stood)
        case ResumeClock():
            on, due, rung = ClockState.RUNNING, item.due_at, item.rung
            return replace(one, state=on, due_at=due, rung=rung, stood=item.stood)
    due, rung, count = item.due_at, item.rung, item.count
    return replace(one, state=item.state, due_at=due, rung=rung, extensions=count)
