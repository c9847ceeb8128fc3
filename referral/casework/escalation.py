"""Whom a rung of the ladder calls, and the mark it leaves on what is late."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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


def keep_informed(
    ledger: Ledger, subject: Subject, hand_off: str | None, kinds: Iterable[RungKind]
) -> None:
    """Whoever asked is told at each rung, whomever it calls; from an alert on both supervisors too.

    A ladder is law and calls whom the law names. That nobody who waits is left without news is a
    promise of this service, and changes no ladder.
    """
    if hand_off is None:
        return  # nobody asked anybody
    row, gravest = subject.hand_offs[hand_off], _gravest(kinds)
    sides: list[tuple[str, str | None]] = [(row["sender_unit"], None)]
    if gravest is not RungKind.REMINDER:
        sides += [(row["sender_unit"], "SUPERVISOR"), (row["receiver_unit"], "SUPERVISOR")]
    told = {
        (one["to_unit"], one["to_role"])
        for one in ledger.rows.get("outbox", ())
        if one["hand_off_id"] == hand_off
    }
    for unit, role in sides:
        if (unit, role) not in told and (unit, role) != (row["receiver_unit"], None):
            ledger.tell(_ESCALATED[gravest].value, unit, hand_off, role)
            told.add((unit, role))


def reached_nobody(
    ledger: Ledger,
    subject: Subject,
    hand_off: str | None,
    kinds: Iterable[RungKind],
    happened: datetime,
) -> None:
    """A rung that found nobody in the directory is marked and logged all the same.

    Otherwise the ladder would stand at it for ever, and the rungs above it would never come.
    """
    if hand_off is None:
        ledger.lapse_referral(subject.referral_id, happened, [])
        return
    ledger.mark(hand_off, overdue_since=happened.isoformat())
    state = subject.hand_offs[hand_off]["state"]
    act = _ESCALATED[_gravest(kinds)]
    ledger.log(act, "hand_off", hand_off, occurred_at=happened, to=state, called=[])


def _gravest(kinds: Iterable[RungKind]) -> RungKind:
    return max(kinds, key=list(_ESCALATED).index)


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
    gravest = _gravest(item.kind for item in items)
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
