"""Carrying a decision out: each decided fact becomes its rows and its log entry.

The only code that turns decided facts into rows, clocks, notices and entries. It asks the directory
who serves a mandate (all at once), and hands everything to the ledger; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

from agencies.directory import Serving, UnitRef
from protocols.decision import (
    AdvanceClock,
    CloseReferral,
    Decision,
    ExtendClock,
    HoldStep,
    MoveCustody,
    NeedFact,
    OpenHandOff,
    PauseClock,
    RecordEvent,
    ResumeClock,
    StartClock,
    StopClock,
    Withheld,
)
from referral.audit import Done
from referral.audit.ledger import Ledger
from referral.casework import clocks, escalation
from referral.casework.recipients import Subject, place_of, resolve
from referral.session import Actor, WriteSession


@dataclass(frozen=True, slots=True)
class Opened:
    """A hand-off that was just made: what the answer to the caller says of it."""

    id: UUID
    batch: UUID
    item: OpenHandOff
    unit: UnitRef
    no_agency: bool
    alternates: tuple[UnitRef, ...]
    clock: StartClock | None


async def carry(
    session: WriteSession,
    ledger: Ledger,
    decided: Sequence[tuple[Subject, Decision]],
    *,
    happened: datetime | None = None,
    by: Actor | None = None,
) -> list[tuple[Subject, Opened]]:
    """Put decisions into the ledger, each with the agencies that serve its mandates.

    Acts on known hand-offs (``MoveHandOff``) come with what people said and are moved by
    ``casework.moves``; everything that follows from them is carried here. ``happened``: when, if
    not now. Answers every hand-off opened, with the referral it belongs to.
    """
    served = await resolve(session, decided, ledger.at)
    return [
        (subject, opened)
        for (subject, decision), answers in zip(decided, served, strict=True)
        for opened in enter(ledger, subject, decision, answers, happened or ledger.at, by)
    ]


def enter(
    ledger: Ledger,
    subject: Subject,
    decision: Decision,
    served: Iterable[Serving],
    happened: datetime,
    by: Actor | None,
) -> list[Opened]:
    """One decision becomes rows and drafts; ``served``: whom ``resolve`` found for it."""
    answers = iter(served)
    limits = clocks.clocks_by_hand_off(decision)
    opened = []
    ids: dict[str, UUID | None] = {}
    for item in decision.all(OpenHandOff):
        made = _open(ledger, subject, item, next(answers), limits.get(item.key))
        ids[item.key] = made.id if made else None
        opened += [made] if made else []
    for item in decision.items:
        match item:
            case StartClock():
                clocks.start(ledger, subject, item, ids)
            case PauseClock() | ResumeClock() | ExtendClock():
                clocks.prolong(ledger, subject, item)
            case StopClock():
                clocks.stop(ledger, subject, item)
            case AdvanceClock():
                clocks.advance(ledger, subject, item)
            case RecordEvent():
                record_event(ledger, subject, item.event, happened, by)
            case CloseReferral():
                _close(ledger, subject, item)
            case _:
                pass
    escalation.escalate(ledger, subject, decision, answers, happened)
    _note_needs(ledger, subject, decision)
    return opened


def reason_of(item: Any) -> dict[str, Any]:
    """A reason as it is stored beside what it is the reason of."""
    why = item.reason
    return {"step": why.step, "rule": why.rule, "sources": why.sources}


def _open(
    ledger: Ledger,
    subject: Subject,
    item: OpenHandOff,
    answer: Serving,
    clock: StartClock | None,
) -> Opened | None:
    unit = answer.unit
    if unit is None:  # nobody at all may be asked: the holder keeps her, and everybody sees it
        ledger.warn("nobody-to-ask", step=item.step, mandate=item.mandate)
        return None
    hand_off_id, batch = uuid4(), uuid5(subject.batches, f"{item.step}|{unit.unit_id}")
    rivals = uuid5(subject.referral_id, item.rivals) if item.rivals else None
    ledger.add(
        "hand_offs",
        id=str(hand_off_id),
        referral_id=str(subject.referral_id),
        case_id=str(subject.case_id),
        person_id=str(subject.person_id),
        country=subject.country,
        batch=str(batch),
        rivals=str(rivals) if rivals else None,
        track=subject.track,
        protocol_version=subject.protocol_version,
        protocol_digest=subject.protocol_digest,
        step=item.step,
        kind=item.kind.value,
        mandate=item.mandate,
        jurisdiction=place_of(subject, item),
        opening=item.opening,
        state="requested",
        urgency=subject.urgency,
        sender_unit=str(subject.holder_unit),
        sender_member=str(subject.sender_member) if subject.sender_member else None,
        receiver_unit=str(unit.unit_id),
        receiver_agency=str(unit.agency_id),
        no_agency=answer.no_agency,
        no_decline=item.no_decline,
        travels=sorted(group.value for group in item.travels),
        reason=reason_of(item),
        requested_at=ledger.at.isoformat(),
        due_at=clock.due_at.isoformat() if clock else None,
        immediate=bool(clock and clock.immediate),
        basis=clock.basis.value if clock else None,
        rung=0,
        replaces=item.replaces,
        cancellation_asked_at=None,
        attested=False,
        imported=False,
        warnings=[],
        version=1,
    )
    ledger.log(
        Done.HAND_OFF_REQUESTED,
        "hand_off",
        hand_off_id,
        to="requested",
        step=item.step,
        mandate=item.mandate,
        rule=item.reason.rule,
        no_agency=answer.no_agency or None,
    )
    ledger.tell("hand_off.requested", unit.unit_id, hand_off_id)
    return Opened(hand_off_id, batch, item, unit, answer.no_agency, answer.alternates, clock)


def record_event(
    ledger: Ledger, subject: Subject, event: str, occurred_at: datetime, by: Actor | None
) -> None:
    """An event that now stands in the referral's history."""
    ledger.add(
        "events",
        id=str(uuid4()),
        case_id=str(subject.case_id),
        referral_id=str(subject.referral_id),
        country=subject.country,
        event=event,
        occurred_at=occurred_at.isoformat(),
        recorded_at=ledger.at.isoformat(),
        by_unit=str(by.unit_id if by else subject.holder_unit),
        by_member=str(by.id) if by else None,
    )
    ledger.log(Done.EVENT_RECORDED, "case", subject.case_id, occurred_at=occurred_at, event=event)


def _close(ledger: Ledger, subject: Subject, item: CloseReferral) -> None:
    ledger.add(
        "closures", id=str(subject.referral_id), at=ledger.at.isoformat(), outcome=item.outcome
    )
    ledger.log(
        Done.REFERRAL_CLOSED,
        "referral",
        subject.referral_id,
        from_="open",
        to="closed",
        outcome=item.outcome,
    )


def move_custody(ledger: Ledger, subject: Subject, item: MoveCustody, member: UUID | None) -> None:
    """The receiver of an accepted custody hand-off becomes the holder."""
    row = subject.hand_offs[item.hand_off]
    ledger.add(
        "custody",
        referral_id=str(subject.referral_id),
        hand_off_id=item.hand_off,
        member=str(member) if member else None,
        at=ledger.at.isoformat(),
    )
    ledger.log(
        Done.CUSTODY_MOVED,
        "referral",
        subject.referral_id,
        from_=str(subject.holder_unit),
        to=row["receiver_unit"],
    )


def _note_needs(ledger: Ledger, subject: Subject, decision: Decision) -> None:
    """Facts still needed, and mandates that were not asked and why, stay with the referral."""
    needed, withheld = needs_of(decision)
    if not subject.hand_offs and not subject.clocks:
        return  # a new referral carries them in its own row
    if needed or withheld:
        ledger.change_referral(
            subject.referral_id, needed=needed or None, withheld=withheld or None
        )


def needs_of(decision: Decision) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What is needed (fact, by whom, why) and what was withheld (mandate, why)."""
    needed = [
        {"fact": item.fact, "by": item.by, "reason": reason_of(item)}
        for item in decision.all(NeedFact)
    ]
    withheld = [
        {"mandate": item.mandate, "reason": reason_of(item)} for item in decision.all(Withheld)
    ]
    return needed, withheld


def held_steps(decision: Decision) -> list[str]:
    """Steps the holder's own unit serves: nobody else is asked."""
    return [item.step for item in decision.all(HoldStep)]
