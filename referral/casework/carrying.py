"""Carrying a decision out: each decided fact becomes its rows and its log entry.

The only code that turns decided facts into rows, clocks, notices and entries. It asks the directory
who serves a mandate (all at once), and hands everything to the ledger; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

from agencies.directory import Ask, Serving, UnitRef, Via, serving, units_with
from protocols.decision import (
    AdvanceClock,
    ClockState,
    CloseReferral,
    Decision,
    Escalate,
    HoldStep,
    MoveCustody,
    NeedFact,
    OpenHandOff,
    RecordEvent,
    RungKind,
    StartClock,
    StopClock,
    Withheld,
)
from referral.audit import Done
from referral.audit.ledger import Ledger
from referral.session import Actor, WriteSession

_ESCALATED = {
    RungKind.REMINDER: Done.CLOCK_REMINDED,
    RungKind.ALERT: Done.CLOCK_LAPSED,
    RungKind.FALL_BACK: Done.CLOCK_ESCALATED,
    RungKind.AGENDA: Done.CLOCK_ESCALATED,
}


@dataclass(slots=True)
class Subject:
    """The referral a decision is about, as carrying it out needs to know it."""

    case_id: UUID
    referral_id: UUID
    person_id: UUID
    country: str
    track: str
    place: str
    urgency: str
    holder_unit: UUID
    filer_unit: UUID
    sender_member: UUID | None
    batches: UUID  # namespace: same step, same receiver, same act -> same batch
    hand_offs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # known, by id
    clocks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Opened:
    """A hand-off that was just made: what the answer to the caller says of it."""

    id: UUID
    item: OpenHandOff
    unit: UnitRef
    no_agency: bool
    alternates: tuple[UnitRef, ...]
    clock: StartClock | None


async def resolve(
    session: WriteSession, decisions: Iterable[tuple[Subject, Decision]], on: datetime
) -> list[Serving]:
    """Who is meant by every recipient of these decisions, in their order.

    Mandates are asked of the directory in one statement; a party of the referral (its filer, its
    holder) is the unit it is.
    """
    pairs = list(decisions)
    wanted = [
        (subject, Ask(item.mandate, subject.place, item.excluding, item.national))
        for subject, decision in pairs
        for item in decision.all(OpenHandOff)
    ] + [
        (subject, Ask(item.to, subject.place))
        for subject, decision in pairs
        for item in decision.all(Escalate)
        if item.to not in _PARTIES
    ]
    mandates = [ask for _, ask in wanted if ask.mandate not in _PARTIES]
    served = iter(await serving(session.connection, mandates, on.date()) if mandates else [])
    units = {_unit_of(subject, ask.mandate) for subject, ask in wanted if ask.mandate in _PARTIES}
    known = await units_with(session.connection, list(units)) if units else {}
    return [
        Serving(ask, known[_unit_of(subject, ask.mandate)], (), no_agency=False, via=Via.DIRECT)
        if ask.mandate in _PARTIES
        else next(served)
        for subject, ask in wanted
    ]


_PARTIES = frozenset(
    {
        "filer",
        "holder",
        "receiver",
        "sender",
        "supervisor_of_holder",
        "supervisor_of_receiver",
        "supervisor_of_sender",
    }
)


def _unit_of(subject: Subject, party: str) -> UUID:
    """A party that is asked to act: who filed, or who holds (the sender is the holder)."""
    return subject.filer_unit if party == "filer" else subject.holder_unit


def carry(
    ledger: Ledger,
    subject: Subject,
    decision: Decision,
    served: Iterable[Serving],
    *,
    happened: datetime | None = None,
    by: Actor | None = None,
) -> list[Opened]:
    """Put one decision into the ledger. ``served`` are the answers to its asks, in order.

    Acts on known hand-offs (``MoveHandOff``) come with what people said and are moved by
    ``casework.hand_offs``; everything that follows from them is carried here.
    """
    answers = iter(served)
    clocks = _clocks_by_hand_off(decision)
    opened = []
    ids: dict[str, UUID | None] = {}
    for item in decision.all(OpenHandOff):
        made = _open(ledger, subject, item, next(answers), clocks.get(item.key))
        ids[item.key] = made.id if made else None
        opened += [made] if made else []
    for item in decision.items:
        match item:
            case StartClock():
                _start(ledger, subject, item, ids)
            case StopClock():
                _stop(ledger, subject, item)
            case AdvanceClock():
                _advance(ledger, subject, item)
            case RecordEvent():
                record_event(ledger, subject, item.event, happened or ledger.at, by)
            case CloseReferral():
                _close(ledger, subject, item)
            case _:
                pass
    _escalate(ledger, subject, decision, answers, happened or ledger.at)
    _note_needs(ledger, subject, decision)
    return opened


def _clocks_by_hand_off(decision: Decision) -> dict[str, StartClock]:
    """The first limit of each new hand-off: what lists show as due."""
    found: dict[str, StartClock] = {}
    for clock in decision.all(StartClock):
        if clock.hand_off is not None:
            earlier = found.get(clock.hand_off)
            if earlier is None or clock.due_at < earlier.due_at:
                found[clock.hand_off] = clock
    return found


def reason_of(item: Any) -> dict[str, Any]:  # noqa: ANN401 - any decided fact
    """A reason as it is stored beside the hand-off."""
    return asdict(item.reason)


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
    hand_off_id = uuid4()
    rivals = uuid5(subject.referral_id, item.rivals) if item.rivals else None
    ledger.add(
        "hand_offs",
        id=str(hand_off_id),
        referral_id=str(subject.referral_id),
        case_id=str(subject.case_id),
        person_id=str(subject.person_id),
        country=subject.country,
        batch=str(uuid5(subject.batches, f"{item.step}|{unit.unit_id}")),
        rivals=str(rivals) if rivals else None,
        track=subject.track,
        step=item.step,
        kind=item.kind.value,
        mandate=item.mandate,
        jurisdiction=subject.country if item.national else subject.place,
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
    return Opened(hand_off_id, item, unit, answer.no_agency, answer.alternates, clock)


def _start(
    ledger: Ledger, subject: Subject, item: StartClock, ids: Mapping[str, UUID | None]
) -> None:
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


def _stop(ledger: Ledger, subject: Subject, item: StopClock) -> None:
    ledger.add(
        "clock_moves",
        id=item.clock,
        state=item.to.value,
        rung=subject.clocks[item.clock]["rung"],
        next_at=None,
        stopped_at=item.at.isoformat(),
    )


def _advance(ledger: Ledger, subject: Subject, item: AdvanceClock) -> None:
    rungs = subject.clocks[item.clock]["rungs"]
    ledger.add(
        "clock_moves",
        id=item.clock,
        state=item.state.value,
        rung=item.rung,
        next_at=rungs[item.rung]["at"] if item.rung < len(rungs) else None,
        stopped_at=None,
    )


def _escalate(
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
        answer = None if item.to in _PARTIES else next(answers)
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
        ledger.add("referral_changes", id=str(subject.referral_id))
        about: tuple[str, UUID | str] = ("referral", subject.referral_id)
        ledger.log(Done.REFERRAL_CLOCK_LAPSED, *about, occurred_at=happened, called=told)
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
        ledger.add(
            "referral_changes",
            id=str(subject.referral_id),
            needed=needed or None,
            withheld=withheld or None,
        )
        ledger.log(Done.REFERRAL_AMENDED, "referral", subject.referral_id, to="open")


def needs_of(decision: Decision) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What is needed (fact, by whom, why) and what was withheld (mandate, why)."""
    needed = [
        {"fact": item.fact, "by": item.by, "reason": asdict(item.reason)}
        for item in decision.all(NeedFact)
    ]
    withheld = [
        {"mandate": item.mandate, "reason": asdict(item.reason)} for item in decision.all(Withheld)
    ]
    return needed, withheld


def held_steps(decision: Decision) -> list[str]:
    """Steps the holder's own unit serves: nobody else is asked."""
    return [item.step for item in decision.all(HoldStep)]
