"""Clocks of a decision: started, stopped, moved to their next rung, paused, resumed, extended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from protocols.decision import (
    AdvanceClock,
    ClockState,
    Decision,
    ExtendClock,
    PauseClock,
    ResumeClock,
    Standstill,
    StartClock,
    StopClock,
)
from protocols.rungs import Rung
from referral.audit import Done
from referral.audit.ledger import Ledger
from referral.casework.recipients import Subject

Prolonged: TypeAlias = PauseClock | ResumeClock | ExtendClock

_BEFELL = {  # what befell a limit, as the log says it of a hand-off and of the referral itself
    PauseClock: (Done.LIMIT_PAUSED, Done.REFERRAL_LIMIT_PAUSED),
    ResumeClock: (Done.LIMIT_RESUMED, Done.REFERRAL_LIMIT_RESUMED),
    ExtendClock: (Done.LIMIT_EXTENDED, Done.REFERRAL_LIMIT_EXTENDED),
}


def clocks_by_hand_off(decision: Decision) -> dict[str, StartClock]:
    """The first limit of each new hand-off: what lists show as due."""
    found: dict[str, StartClock] = {}
    for clock in decision.all(StartClock):
        if clock.hand_off is not None and clock.state is ClockState.RUNNING:
            earlier = found.get(clock.hand_off)
            if earlier is None or clock.due_at < earlier.due_at:
                found[clock.hand_off] = clock
    return found


def start(
    ledger: Ledger, subject: Subject, item: StartClock, ids: Mapping[str, UUID | None]
) -> None:
    """A limit begins to run, for a hand-off or for the referral itself."""
    hand_off = ids.get(item.hand_off, item.hand_off) if item.hand_off else None
    rungs = stored(item.rungs)
    ledger.add(
        "clocks",
        id=str(uuid4()),
        hand_off_id=str(hand_off) if hand_off else None,
        referral_id=str(subject.referral_id),
        case_id=str(subject.case_id),
        country=subject.country,
        clock=item.clock,
        step=item.step,
        starts_at=item.starts_at.isoformat(),
        due_at=item.due_at.isoformat(),
        state=item.state.value,
        rung=0,
        rungs=rungs,
        next_at=_next_at(item.state, rungs, 0),
        immediate=item.immediate,
        basis=item.basis.value,
        derivation=list(item.derivation),
        calendar=item.calendar,
        sources=list(item.reason.sources),
        extensions=item.extensions,
        stood=_times(item.stood),
    )


def stop(ledger: Ledger, subject: Subject, item: StopClock) -> None:
    """A clock was met, or no longer matters."""
    move = _move(ledger, subject, item.clock)
    move.update(state=item.to.value, next_at=None, stopped_at=item.at.isoformat())


def advance(ledger: Ledger, subject: Subject, item: AdvanceClock) -> None:
    """A rung has fired: the next one waits, or the ladder is spent."""
    move = _move(ledger, subject, item.clock)
    rungs = subject.clocks[item.clock]["rungs"]
    move.update(
        state=item.state.value,
        rung=item.rung,
        next_at=rungs[item.rung]["at"] if item.rung < len(rungs) else None,
    )


def prolong(ledger: Ledger, subject: Subject, item: Prolonged) -> None:
    """A limit stands still, goes on, or is extended: its row, its entry, and who must know."""
    move = _move(ledger, subject, item.clock)
    if isinstance(item, PauseClock):
        move.update(state=ClockState.PAUSED.value, next_at=None, stood=_times(item.stood))
    else:
        rungs = stored(item.rungs)
        state = item.state if isinstance(item, ExtendClock) else ClockState.RUNNING
        move.update(
            state=state.value,
            rung=item.rung,
            rungs=rungs,
            next_at=_next_at(state, rungs, item.rung),
            due_at=item.due_at.isoformat(),
            derivation=list(item.derivation),
            calendar=item.calendar,
        )
        move.update(
            {"extensions": item.count}
            if isinstance(item, ExtendClock)
            else {"stood": _times(item.stood)}
        )
    _tell(ledger, subject, item)


def _tell(ledger: Ledger, subject: Subject, item: Prolonged) -> None:
    clock = subject.clocks[item.clock]
    hand_off, (of_hand_off, of_referral) = clock["hand_off"], _BEFELL[type(item)]
    if hand_off is None:
        ledger.touch_referral(of_referral, subject.referral_id, item.at, clock=clock["clock"])
        return
    ledger.mark(hand_off, limit_moved=True)
    ledger.log(
        of_hand_off,
        "hand_off",
        hand_off,
        to=_state(ledger, subject, hand_off),
        occurred_at=item.at,
        clock=clock["clock"],
        rule=item.reason.rule,
    )
    ledger.tell(of_hand_off.value, subject.hand_offs[hand_off]["receiver_unit"], hand_off)


def _state(ledger: Ledger, subject: Subject, hand_off: str) -> str:
    """Where a hand-off stands once this act is carried out."""
    moved = (row["to_state"] for row in ledger.rows.get("moves", ()) if row["id"] == hand_off)
    return str(next(moved, subject.hand_offs[hand_off]["state"]))


def _move(ledger: Ledger, subject: Subject, clock: str) -> dict[str, Any]:
    """The one row in which everything stands that this act changes of a clock."""
    rows = ledger.rows.setdefault("clock_moves", [])
    for row in rows:
        if row["id"] == clock:
            return row
    now = subject.clocks[clock]
    rows.append({"id": clock, "state": now["state"], "rung": now["rung"], "stopped_at": None})
    return rows[-1]


def _next_at(state: ClockState, rungs: list[dict[str, Any]], rung: int) -> str | None:
    """When the clockwork comes next: never to what stands still."""
    waits = state is ClockState.RUNNING and rung < len(rungs)
    return str(rungs[rung]["at"]) if waits else None


def stored(rungs: Iterable[Rung]) -> list[dict[str, Any]]:
    """A ladder as it is kept."""
    return [{"at": rung.at.isoformat(), "kind": rung.kind.value, "to": rung.to} for rung in rungs]


def _times(stood: Iterable[Standstill]) -> list[dict[str, Any]]:
    return [
        {"since": one.since.isoformat(), "until": one.until.isoformat() if one.until else None}
        for one in stood
    ]
