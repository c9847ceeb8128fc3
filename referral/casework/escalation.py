"""Whom a rung of the ladder calls, and the mark it leaves on what is late."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from agencies.directory import Serving
from protocols.decision import Decision, Escalate
from protocols.rungs import RungKind
from referral.audit import Done
from referral.audit.ledger import Ledger
from referral.casework.recipients import PARTIES, Subject

_ESCALATED = {
    RungKind.REMINDER: Done.CLOCK_REMINDED,
    RungKind.ALERT: Done.CLOCK_LAPSED,
    RungKind.FALL_BACK: Done.CLOCK_ESCALATED,
    RungKind.AGENDA: Done.CLOCK_ESCALATED,
}


AGENDA = "hand_off.agenda"  # the notice that fills the agenda of the body's next meeting


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
        told = AGENDA if item.kind is RungKind.AGENDA else _ESCALATED[item.kind].value
        ledger.tell(told, unit, item.hand_off, role)
    for hand_off, items in called.items():
        _mark(ledger, subject, hand_off, items, happened)
        if hand_off is not None:
            _tell_sender(ledger, subject, hand_off, items)


def _tell_sender(ledger: Ledger, subject: Subject, hand_off: str, items: list[Escalate]) -> None:
    """Whoever asked hears that a limit passed, and that others were called, whomever it calls."""
    gravest = _gravest(items)
    if gravest is not RungKind.REMINDER and "sender" not in {item.to for item in items}:
        ledger.tell(_ESCALATED[gravest].value, subject.hand_offs[hand_off]["sender_unit"], hand_off)


def _gravest(items: list[Escalate]) -> RungKind:
    return max((item.kind for item in items), key=list(_ESCALATED).index)


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
    gravest = _gravest(items)
    overdue = None if gravest is RungKind.REMINDER else happened.isoformat()
    ledger.mark(hand_off, overdue_since=overdue)
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
