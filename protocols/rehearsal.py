"""Carrying decisions out in memory: how a worked case, a proof or a replay goes on.

The service carries a decision out in a database; here the same decided facts make the next ``Run``.
Agencies do not occur: a hand-off's id is its key, and whoever accepts holds that one mandate.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from protocols.altered import altered
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
    sheet = _Sheet(run, outcome)
    for item in decision.items:
        sheet.carry(item)
    return sheet.run()


class _Sheet:
    """A run while a decision is carried out item by item: one new run at the end, not one each."""

    __slots__ = ("_before", "_changed", "_clocks", "_events", "_hand_offs", "_outcome")

    def __init__(self, run: Run, outcome: str | None) -> None:
        self._before, self._outcome = run, outcome
        self._hand_offs = {one.id: one for one in run.hand_offs}
        self._clocks = {one.id: one for one in run.clocks}
        self._events: set[str] = set()
        self._changed: dict[str, Any] = {}

    def carry(self, item: Decided) -> None:
        """Carry one item out; what only informs (held steps, escalations, …) changes nothing."""
        match item:
            case OpenHandOff():
                self._hand_offs[item.key] = HandOffState(
                    item.key, item.step, item.kind, item.mandate, State.REQUESTED, item.opening
                )
            case MoveHandOff():
                said = self._outcome if item.act is Act.COMPLETE else None
                before = self._hand_offs[item.hand_off]
                self._hand_offs[before.id] = _moved(before, item, said)
            case MoveCustody():
                mandate = self._hand_offs[item.hand_off].mandate
                self._changed["custody"] = item.hand_off
                self._changed["holder_mandates"] = frozenset({mandate})
            case RecordEvent():
                self._events.add(item.event)
            case CloseReferral():
                self._changed["open"] = False
            case StartClock():
                key = f"{item.clock}#{len(self._clocks) + 1}"
                self._clocks[key] = _begun(item, key)
            case StopClock() | AdvanceClock() | PauseClock() | ResumeClock() | ExtendClock():
                self._clocks[item.clock] = _clocked(self._clocks[item.clock], item)

    def run(self) -> Run:
        """The run as it now stands."""
        if self._events:
            self._changed["events"] = self._before.events | self._events
        return altered(
            self._before,
            hand_offs=tuple(self._hand_offs.values()),
            clocks=tuple(self._clocks.values()),
            **self._changed,
        )


def _moved(one: HandOffState, item: MoveHandOff, outcome: str | None) -> HandOffState:
    return altered(one, state=item.to_state, outcome=outcome or one.outcome)


def _begun(item: StartClock, key: str) -> RunningClock:
    return RunningClock(
        key,
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
            return altered(one, state=item.to)
        case AdvanceClock():
            return altered(one, rung=item.rung, state=item.state)
        case PauseClock():
            return altered(one, state=ClockState.PAUSED, stood=item.stood)
        case ResumeClock():
            on, due, rung = ClockState.RUNNING, item.due_at, item.rung
            return altered(one, state=on, due_at=due, rung=rung, stood=item.stood)
    due, rung, count = item.due_at, item.rung, item.count
    return altered(one, state=item.state, due_at=due, rung=rung, extensions=count)
