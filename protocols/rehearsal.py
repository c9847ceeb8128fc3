"""Carrying decisions out in memory: how a worked case, a proof or a replay goes on.

The service carries a decision out in a database; here the same decided facts make the next ``Run``.
Agencies do not occur: a hand-off's id is its key, and whoever accepts holds that one mandate.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from protocols.decision import (
    AdvanceClock,
    CloseReferral,
    Decided,
    Decision,
    HandOffState,
    MoveCustody,
    MoveHandOff,
    OpenHandOff,
    RecordEvent,
    Run,
    RunningClock,
    StartClock,
    StopClock,
)
from protocols.lifecycle import Act, State


def carried_out(run: Run, decision: Decision, *, outcome: str | None = None) -> Run:
    """The run after this decision; ``outcome`` is that of the completion just carried out."""
    now = _Sheet(run, outcome)
    for item in decision.items:
        now.carry(item)
    return now.run()


class _Sheet:
    """A run while a decision is carried out item by item: one new run at the end, not one each."""

    __slots__ = ("_before", "_clocks", "_custody", "_events", "_hand_offs", "_outcome", "_rest")

    def __init__(self, run: Run, outcome: str | None) -> None:
        self._before, self._outcome = run, outcome
        self._hand_offs = {one.id: one for one in run.hand_offs}
        self._clocks = {one.id: one for one in run.clocks}
        self._events: set[str] = set()
        self._custody: str | None = None
        self._rest: dict[str, Any] = {}

    def carry(self, item: Decided) -> None:
        """Carry one item out; what only informs (held steps, escalations, …) changes nothing."""
        match item:
            case OpenHandOff():
                self._hand_offs[item.key] = HandOffState(
                    item.key, item.step, item.kind, item.mandate, State.REQUESTED, item.opening
                )
            case MoveHandOff():
                self._moved(item)
            case MoveCustody():
                self._custody = item.hand_off
            case RecordEvent():
                self._events.add(item.event)
            case CloseReferral():
                self._rest["open"] = False
            case StartClock():
                key = f"{item.clock}#{len(self._clocks) + 1}"
                self._clocks[key] = RunningClock(
                    key, item.clock, item.step, item.hand_off, item.starts_at, item.due_at
                )
            case StopClock() if item.clock in self._clocks:
                self._clocks[item.clock] = replace(self._clocks[item.clock], state=item.to)
            case AdvanceClock():
                before = self._clocks[item.clock]
                self._clocks[item.clock] = replace(before, rung=item.rung, state=item.state)

    def _moved(self, item: MoveHandOff) -> None:
        before = self._hand_offs[item.hand_off]
        said = self._outcome if item.act is Act.COMPLETE else None
        self._hand_offs[before.id] = replace(
            before, state=item.to_state, outcome=said or before.outcome
        )

    def run(self) -> Run:
        """The run as it now stands."""
        changed = self._rest
        if self._custody is not None:
            mandate = self._hand_offs[self._custody].mandate
            changed |= {"custody": self._custody, "holder_mandates": frozenset({mandate})}
        if self._events:
            changed["events"] = self._before.events | self._events
        return replace(
            self._before,
            hand_offs=tuple(self._hand_offs.values()),
            clocks=tuple(self._clocks.values()),
            **changed,
        )
