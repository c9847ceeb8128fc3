"""Clocks of a decision: started, stopped, moved to their next rung; and whom a rung calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from agencies.directory import Serving
from protocols.decision import (
    AdvanceClock,
    ClockState,
    Decision,
    Escalate,
    RungKind,
    StartClock,
    StopClock,
)
from referral.audit import Done
from referral.audit.ledger import Ledger
from referral.casework.recipients import PARTIES, Subject

_ESCALATED = {
    RungKind.REMINDER: Done.CLOCK_REMINDED,
    RungKind.ALERT: Done.CLOCK_LAPSED,
    RungKind.FALL_BACK: Done.CLOCK_ESCALATED,
    RungKind.AGENDA: Done.CLOCK_ESCALATED,
}


def clocks_by_hand_off(decision: Decision) -> dict[str, StartClock]:
    """The first limit of each new hand-off: what lists show as due."""
    found: dict[str, StartClock] = {}
    for clock in decision.all(StartClock):
        if clock.hand_off is not None:
            earlier = found.get(clock.hand_off)
            if earlier is None or clock.due_at < earlier.due_at:
                found[clock.hand_off] = clock
    return found


def start(
    ledger: Ledger, subject: Subject, item: StartClock, ids: Mapping[str, UUID | None]
) -> None:
    """A limit begins to run, for a hand-off or for the referral itself."""
    hand_off = ids.get(item.hand_off, item.hand_off) if item.hand_off else None
    rungs = [
        {"at": rung.at.isoformat(), "kind": rung.kind.value, "to": rung.to} for rung in item.rungs
    ]
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
        state=ClockState.RUNNING.value,
        rung=0,
        rungs=rungs,
        next_at=rungs[0]["at"] if rungs else None,
        immediate=item.immediate,
        basis=item.basis.value,
        derivation=list(item.derivation),
        calendar=item.calendar,
        sources=list(item.reason.sources),
        extensions=0,
    )


def stop(ledger: Ledger, subject: Subject, item: StopClock) -> None:
    """A clock was met, or no longer matters."""
    ledger.add(
        "clock_moves",
        id=item.clock,
        state=item.to.value,
        rung=subject.clocks[item.clock]["rung"],
        next_at=None,
        stopped_at=item.at.isoformat(),
    )


def advance(ledger: Ledger, subject: Subject, item: AdvanceClock) -> None:
    """A rung has fired: the next one waits, or the ladder is spent."""
    rungs = subject.clocks[item.clock]["rungs"]
    ledger.add(
        "clock_moves",
        id=item.clock,
        state=item.state.value,
        rung=item.rung,
        next_at=rungs[item.rung]["at"] if item.rung < len(rungs) else None,
        stopped_at=None,
    )


def escalate(
    ledger: Ledger,
    subject: Subject,
    decision: Decision,
    answers: Iterator[Serving],
    happened: datetime,
) -> None:
    """Everybody a rung calls is told; what it is about is marked and logged once."""
    called: dict[str | None, list[Escalate]] = {}
    for item in decision.all(Escalate):
        called.setdefault(item.hand_off, []).append(item)
        row = _parties_of(subject, item.hand_off)
        answer = None if item.to in PARTIES else next(answers)
        unit, role = _called(subject, row, item.to, answer)
        ledger.tell(_ESCALATED[item.kind].value, unit, item.hand_off, role)
    for hand_off, items in called.items():
        _mark(ledger, subject, hand_off, items, happened)


def _mark(
    ledger: Ledger,
    subject: Subject,
    hand_off: str | None,
    items: list[Escalate],
    happened: datetime,
) -> None:
    told = [item.to for item in items]
    if hand_off is None:
        ledger.lapse_referral(subject.referral_id, happened, told)
        return
    gravest = max((item.kind for item in items), key=list(_ESCALATED).index)
    overdue = None if gravest is RungKind.REMINDER else happened.isoformat()
    ledger.add("marks", id=hand_off, overdue_since=overdue, rung=None)
    state = subject.hand_offs[hand_off]["state"]
    ledger.log(
        _ESCALATED[gravest], "hand_off", hand_off, occurred_at=happened, to=state, called=told
    )


def _parties_of(subject: Subject, hand_off: str | None) -> Mapping[str, Any]:
    if hand_off is not None:
        return subject.hand_offs[hand_off]
    return {"sender_unit": subject.holder_unit, "receiver_unit": subject.holder_unit}


def _called(
    subject: Subject, row: Mapping[str, Any], to: str, answer: Serving | None
) -> tuple[UUID | str, str | None]:
    """Which unit is told, and whether its supervisor is meant."""
    if answer is not None and answer.unit is not None:
        return answer.unit.unit_id, None
    party = to.removeprefix("supervisor_of_")
    role = "SUPERVISOR" if to != party else None
    match party:
        case "sender":
            return row["sender_unit"], role
        case "receiver":
            return row["receiver_unit"], role
        case _:
            return subject.holder_unit, role
