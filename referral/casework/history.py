"""Imported history: a case worked on before this service, filed with what its record tells.

1. Screened and routed like any report, and what the protocol would have asked is answered, but
   nothing is opened: no clock runs, nobody is told, nobody has accepted.
2. Each recorded referral is a hand-off with its own time, marked as imported. A time out of order
   is kept with a warning; an entry nobody finished stays one: never a body, never a hand-off.
3. The filer's unit stays holder. What this file must never know: files, columns, layouts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

from agencies.directory import Ask, Serving, UnitRef, Via, serving
from protocols.decision import OpenHandOff
from protocols.lifecycle import Kind
from referral.audit import Done
from referral.audit.ledger import docket_sealed, post
from referral.casework import carrying
from referral.casework.dossier import Dossier, keep_case, open_dossier
from referral.casework.filing import ground_of
from referral.casework.intake import Intake
from referral.casework.persons import keep_persons
from referral.casework.recipients import Subject
from referral.casework.refusing import refuse
from referral.database import as_json
from referral.errors import Refusal
from referral.session import Actor, ReadSession, WriteSession

UNLISTED = "NOT_LISTED"
"""Stands where a hand-off names its mandate: the directory charges this body with none."""

STEP = "recorded"
"""Stands where a hand-off names its step: the protocol would not have asked this body."""

UNFINISHED = "unfinished referral"
"""The event an entry without a body, or without a time that can be, becomes."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One referral of the record, in the record's order (``opening`` 1, 2, 3).

    ``body`` is the receiver in the record's words; ``mandate`` None: it names nobody. ``agency``
    and ``unit`` are keys of the directory, where the record names more than a kind of agency.
    """

    opening: int
    body: str
    occurred_at: datetime | None
    mandate: str | None
    agency: str | None = None
    unit: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)  # what else the record says of it

    def finished(self, now: datetime) -> bool:
        """It names somebody, and a time that can have been."""
        return self.mandate is not None and self.occurred_at is not None and self.occurred_at <= now


@dataclass(frozen=True, slots=True)
class First:
    """Whom the protocol asks first, and who serves that today (None: nobody at all)."""

    track: str
    step: str
    mandate: str
    agency: str | None
    no_agency: bool


@dataclass(frozen=True, slots=True)
class Imported:
    """A case of history was filed. ``first`` None: the filer's unit would have kept it."""

    case_id: str
    reference: str
    urgency: str
    triage: bool
    first: First | None
    hand_offs: int
    stood_in_for: int  # bodies the directory does not list
    warnings: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class _Receiver:
    """Where a recorded referral went; ``stand_in``: the directory does not list the body."""

    unit_id: UUID
    agency_id: UUID
    stand_in: bool

    @classmethod
    def of(cls, unit: UnitRef, *, stand_in: bool = False) -> _Receiver:
        """A unit of the directory."""
        return cls(unit.unit_id, unit.agency_id, stand_in)


async def filed_before(
    session: ReadSession, actor: Actor, client_ids: Sequence[UUID]
) -> frozenset[UUID]:
    """Which of these intakes the actor's unit has filed already."""
    found = await as_json(
        session.connection,
        "SELECT coalesce(jsonb_agg(client_id), '[]') FROM referral.case "
        "WHERE filed_by_unit = $1 AND client_id = ANY ($2::uuid[])",
        actor.unit_id,
        list(client_ids),
    )
    return frozenset(UUID(one) for one in found)


async def file_history(
    session: WriteSession,
    actor: Actor,
    intake: Intake,
    recorded: Sequence[Recorded],
    *,
    number: str,
    now: datetime,
    warnings: Iterable[Mapping[str, Any]] = (),
) -> Imported | Refusal:
    """File one case of history. ``number`` is its number in the record, the filer's docket number.

    The tracks are those in force now: what stood at the time of the record may never have been
    written down, and a referral is always pinned to a version.
    """
    ground = await ground_of(session, actor, intake, now)
    if isinstance(ground, Refusal):
        return await refuse(
            session, actor, ground, act="file", object_type="case", object_id=None, now=now
        )
    case_facts, persons, mandates = ground
    dossier = open_dossier(session, actor, intake, now)
    dossier.ledger.log(
        Done.CASE_IMPORTED, "case", dossier.case_id, occurred_at=intake.occurred_at, docket=number
    )
    keep_persons(session, dossier, persons, frozenset(mandates))
    for warning in warnings:
        dossier.ledger.warn(**warning)
    lead = next((one for one in dossier.decided if one[0].referral_id == dossier.lead), None)
    items = lead[1].all(OpenHandOff) if lead else ()
    first, receivers = await _resolved(session, dossier, items, recorded)
    stood_in = 0
    if lead:
        stood_in = _replay(dossier, lead[0], items, recorded, receivers, number)
    keep_case(dossier, case_facts, imported=True)
    await post(session, dossier.ledger, actor=actor, head=dossier.head, key=dossier.key)
    return Imported(
        case_id=str(dossier.case_id),
        reference=dossier.reference,
        urgency=dossier.urgency,
        triage=any(one.lead and one.triage for one in dossier.referrals),
        first=first,
        hand_offs=len(dossier.ledger.rows.get("hand_offs", ())),
        stood_in_for=stood_in,
        warnings=tuple(dossier.ledger.case_changes.get("warnings", ())),
    )


# --- who is meant --------------------------------------------------------------------------------


async def _resolved(
    session: WriteSession,
    dossier: Dossier,
    items: Sequence[OpenHandOff],
    recorded: Sequence[Recorded],
) -> tuple[First | None, dict[int, _Receiver]]:
    """Whom the protocol asks first, and the receiver of every finished entry by its opening."""
    place, now = dossier.intake.place, dossier.now
    told = [one for one in recorded if one.finished(now)]
    wanted = next((item for item in items if item.kind is Kind.CUSTODY), next(iter(items), None))
    asks = [Ask(UNLISTED, place)] + [Ask(str(one.mandate), place) for one in told]
    if wanted is not None:
        asks.append(Ask(wanted.mandate, place, wanted.excluding, wanted.national))
    answers = await serving(session.connection, asks, session.day_in(dossier.actor.country, now))
    named = await _named(session, dossier.actor.country, told)
    found = {
        one.opening: receiver
        for one, answer in zip(told, answers[1:], strict=False)
        if (receiver := _receiver(one, named, answer, answers[0])) is not None
    }
    return _first(dossier, wanted, answers[-1]) if wanted else None, found


def _first(dossier: Dossier, item: OpenHandOff, answer: Serving) -> First:
    lead = next(one for one in dossier.referrals if one.referral_id == str(dossier.lead))
    agency = answer.unit.agency_key if answer.unit else None
    return First(lead.track, item.step, item.mandate, agency, answer.no_agency)


async def _named(
    session: WriteSession, country: str, told: Sequence[Recorded]
) -> dict[tuple[str, str | None], _Receiver]:
    """Units by (agency, unit) key, and by (agency, None) the one that receives for the agency."""
    keys = {one.agency for one in told if one.agency}
    if not keys:
        return {}
    rows = await as_json(
        session.connection,
        "SELECT coalesce(jsonb_agg(jsonb_build_object('agency', a.key, 'agency_id', a.id, "
        "'unit', u.key, 'unit_id', u.id, 'intake', u.intake) ORDER BY u.key DESC), '[]') "
        "FROM agencies.agency a JOIN agencies.unit u ON u.agency_id = a.id "
        "WHERE a.country = $1 AND a.key = ANY ($2::text[])",
        country,
        sorted(keys),
    )
    found: dict[tuple[str, str | None], _Receiver] = {}
    for row in rows:
        one = _Receiver(UUID(row["unit_id"]), UUID(row["agency_id"]), stand_in=False)
        found[row["agency"], row["unit"]] = one
        if row["intake"]:
            found[row["agency"], None] = one
    return found


def _receiver(
    one: Recorded,
    named: Mapping[tuple[str, str | None], _Receiver],
    answer: Serving,
    nobody: Serving,
) -> _Receiver | None:
    """The named agency, or whoever serves the mandate there itself; else the national fall-back.

    A declared fall-back is no answer: it would make history say that it received what it never did.
    """
    if one.agency:
        known = named.get((one.agency, one.unit)) or named.get((one.agency, None))
        if known:
            return known
    elif answer.unit and answer.via in {Via.DIRECT, Via.ANCESTOR, Via.GROUP}:
        return _Receiver.of(answer.unit)
    return _Receiver.of(nobody.unit, stand_in=True) if nobody.unit else None


# --- what happened -------------------------------------------------------------------------------


def _replay(
    dossier: Dossier,
    subject: Subject,
    items: Sequence[OpenHandOff],
    recorded: Sequence[Recorded],
    receivers: Mapping[int, _Receiver],
    number: str,
) -> int:
    """Every entry in the record's order; how many bodies had to be stood in for."""
    ledger, stood_in = dossier.ledger, 0
    codes = disorder_of(recorded, dossier.intake.occurred_at)
    for opening, code in codes.items():
        ledger.warn(code, opening=opening)
    if not recorded:
        ledger.warn("no-recorded-referral")
    for one in recorded:
        receiver = receivers.get(one.opening)
        if receiver is not None:
            wrong = codes.get(one.opening)
            _keep(dossier, subject, _asked(items, one), one, receiver, wrong, number)
            stood_in += receiver.stand_in
            continue
        ledger.warn("unfinished-referral", opening=one.opening)
        if one.occurred_at is not None and one.occurred_at <= dossier.now:
            carrying.record_event(ledger, subject, UNFINISHED, one.occurred_at, dossier.actor)
    return stood_in


def disorder_of(recorded: Iterable[Recorded], intake_at: datetime | None) -> dict[int, str]:
    """What is wrong with the order of times, by opening: kept as it is told, and said."""
    found, latest = {}, intake_at
    for one in recorded:
        if one.occurred_at is None:
            continue
        if intake_at is not None and one.occurred_at < intake_at:
            found[one.opening] = "before-intake"
        elif latest is not None and one.occurred_at < latest:
            found[one.opening] = "out-of-order"
        latest = max(latest, one.occurred_at) if latest else one.occurred_at
    return found


def _asked(items: Sequence[OpenHandOff], one: Recorded) -> OpenHandOff | None:
    """The step by which the protocol would have asked this body too, if there is one."""
    return next((item for item in items if item.mandate == one.mandate), None)


def _keep(
    dossier: Dossier,
    subject: Subject,
    item: OpenHandOff | None,
    one: Recorded,
    receiver: _Receiver,
    code: str | None,
    number: str,
) -> None:
    """One hand-off of history with its log entry; no clock, no notice."""
    hand_off_id, step = uuid4(), item.step if item else STEP
    sources = list(item.reason.sources) if item else []
    dossier.ledger.add(
        "hand_offs",
        id=str(hand_off_id),
        referral_id=str(subject.referral_id),
        case_id=str(subject.case_id),
        person_id=str(subject.person_id),
        country=subject.country,
        batch=str(uuid5(subject.batches, f"{STEP}|{one.opening}")),
        track=subject.track,
        protocol_version=subject.protocol_version,
        protocol_digest=subject.protocol_digest,
        step=step,
        kind=(item.kind if item else Kind.CUSTODY).value,
        mandate=one.mandate,
        jurisdiction=subject.place,
        opening=one.opening,
        state="requested",
        urgency=dossier.urgency,
        sender_unit=str(subject.holder_unit),
        sender_member=str(subject.sender_member),
        receiver_unit=str(receiver.unit_id),
        receiver_agency=str(receiver.agency_id),
        no_agency=receiver.stand_in,
        no_decline=False,
        travels=["G0"],
        reason={
            "step": step,
            "rule": "as recorded",
            "sources": sources,
            "body": one.body,
            **one.more,
        },
        requested_at=_stamp(one.occurred_at),
        occurred_at=_stamp(one.occurred_at),
        immediate=False,
        rung=0,
        attested=False,
        imported=True,
        warnings=[{"code": code}] if code else [],
        version=1,
    )
    dossier.ledger.add(
        "dockets",
        id=str(uuid4()),
        case_id=str(subject.case_id),
        hand_off_id=str(hand_off_id),
        country=subject.country,
        agency_id=str(dossier.actor.agency_id),
        **docket_sealed(dossier.key, hand_off_id, number),
    )
    dossier.ledger.log(
        Done.HAND_OFF_REQUESTED,
        "hand_off",
        hand_off_id,
        to="requested",
        occurred_at=one.occurred_at,
        step=step,
        mandate=one.mandate,
        docket=number,
        no_agency=receiver.stand_in or None,
    )


def _stamp(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
