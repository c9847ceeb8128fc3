"""Which moments a move sets, and which limit comes next."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from protocols.decision import (
    ClockState,
    Decision,
    ExtendClock,
    MoveHandOff,
    PauseClock,
    ResumeClock,
    StartClock,
    StopClock,
)
from protocols.lifecycle import Act
from referral.access.standing import Locked


def times_of(item: MoveHandOff, happened: str) -> dict[str, str | None]:
    """Which moments this act sets. Accepting from "requested" records "received" with it."""
    taken = item.act is Act.ACCEPT
    return {
        "received_at": happened if taken or item.act is Act.ACKNOWLEDGE else None,
        "accepted_at": happened if taken else None,
        "started_at": happened if item.act is Act.START else None,
        "ended_at": happened if item.to_state.terminal else None,
    }


def due_after(locked: Locked, decision: Decision, item: MoveHandOff) -> dict[str, Any]:
    """The next limit of a hand-off once this decision stands; none when it has ended."""
    if item.to_state.terminal:
        return {"due_at": None, "immediate": False, "basis": None, "met": True}
    stopped = {stop.clock for stop in decision.all(StopClock)}
    standing, moved = _standing_still(locked, decision), _moved(decision)
    running = [
        (moved.get(clock["id"], clock["due_at"]), clock["immediate"], clock["basis"])
        for clock in locked.clocks
        if clock["hand_off"] == item.hand_off and clock["id"] not in stopped | standing
    ]
    running += [
        (clock.due_at.isoformat(), clock.immediate, clock.basis.value)
        for clock in decision.all(StartClock)
        if clock.hand_off == item.hand_off and clock.state is ClockState.RUNNING
    ]
    if not running:
        return {"due_at": None, "immediate": False, "basis": None, "met": bool(stopped)}
    due_at, immediate, basis = min(running, key=lambda limit: datetime.fromisoformat(limit[0]))
    return {"due_at": due_at, "immediate": immediate, "basis": basis, "met": bool(stopped)}


def _standing_still(locked: Locked, decision: Decision) -> set[str]:
    """Limits that are due at no moment as long as they stand still."""
    before = {clock["id"] for clock in locked.clocks if clock["state"] == ClockState.PAUSED}
    before -= {one.clock for one in decision.all(ResumeClock)}
    return before | {one.clock for one in decision.all(PauseClock)}


def _moved(decision: Decision) -> dict[str, str]:
    """Limits that end later by this decision, and when."""
    later = (*decision.all(ResumeClock), *decision.all(ExtendClock))
    return {one.clock: one.due_at.isoformat() for one in later}
