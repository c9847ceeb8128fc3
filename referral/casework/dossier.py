"""A case while it is being put together: its persons, screened and routed, its first hand-offs.

Used when a case is filed, when persons are identified later, and when new facts bring a person
under another track.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import orjson

from protocols import engine, screening
from protocols.country import Country
from protocols.decision import Decision, Opening, Run
from protocols.facts import Facts, Group
from protocols.screening import Screening
from referral.audit import Done, Head
from referral.audit.ledger import Ledger, sealed
from referral.audit.streams import keep_key, open_stream
from referral.casework import carrying
from referral.casework.answers import PersonFiled, ReferralOpened
from referral.casework.intake import Intake, Understood, findings_of
from referral.casework.recipients import Subject
from referral.casework.reference import new_reference
from referral.session import Actor, WriteSession
from referral.vault import DataKey

_ROOMS = {
    Group.IDENTITY: ("identities", "person_identity"),
    Group.SAFETY: ("safeties", "person_safety"),
    Group.NARRATIVE: ("narratives", "person_narrative"),
}


@dataclass(slots=True)
class Dossier:
    """A case while it is being put together."""

    intake: Intake
    actor: Actor
    now: datetime
    country: Country
    ledger: Ledger
    key: DataKey
    head: Head
    case_id: UUID
    reference: str
    numbered: int = 0  # persons the case already has
    urgency: str = "routine"
    lead: UUID | None = None
    persons: list[PersonFiled] = field(default_factory=list)
    referrals: list[ReferralOpened] = field(default_factory=list)
    decided: list[tuple[Subject, Decision]] = field(default_factory=list)


def open_dossier(session: WriteSession, actor: Actor, intake: Intake, now: datetime) -> Dossier:
    """A new case with its key and its log stream."""
    case_id = uuid4()
    key, wrapped = session.vault.new_key(case_id, "case")
    ledger = Ledger(case_id, now, why=f"role:{actor.role.value}")
    keep_key(ledger, wrapped, case_id)
    head = open_stream(ledger, "case", case_id)
    reference = new_reference(actor.country)
    ledger.log(Done.CASE_FILED, "case", case_id, to="open", occurred_at=intake.occurred_at)
    country = session.catalogue.country(actor.country)
    return Dossier(intake, actor, now, country, ledger, key, head, case_id, reference)


def keep_persons(
    session: WriteSession,
    dossier: Dossier,
    persons: Sequence[Understood],
    mandates: frozenset[str],
) -> None:
    """Every person with her facts by group; those concerned are screened and routed."""
    households = _households(dossier, persons)
    for number, person in enumerate(persons, start=dossier.numbered + 1):
        person_id = uuid4()
        _keep_person(session, dossier, person, person_id, number, households)
        if person.told.role == "concerned":
            findings = screening.screen(dossier.country.parameters, person.facts)
            keep_findings(dossier, person_id, number, findings)
            route(session, dossier, person_id, person.facts, findings, mandates)


def _households(dossier: Dossier, persons: Sequence[Understood]) -> dict[int, str]:
    found: dict[int, str] = {}
    for person in persons:
        if person.told.household is not None and person.told.household not in found:
            found[person.told.household] = str(uuid4())
            dossier.ledger.add(
                "households",
                id=found[person.told.household],
                case_id=str(dossier.case_id),
                country=dossier.actor.country,
            )
    return found


def _keep_person(
    session: WriteSession,
    dossier: Dossier,
    person: Understood,
    person_id: UUID,
    number: int,
    households: dict[int, str],
) -> None:
    told = person.told
    where = {"case_id": str(dossier.case_id), "country": dossier.actor.country}
    dossier.ledger.add(
        "persons",
        id=str(person_id),
        **where,
        number=number,
        role=told.role,
        household_id=households.get(told.household) if told.household is not None else None,
        identified=told.identified,
        headcount=told.headcount,
    )
    dossier.ledger.add(
        "case_facts",
        id=str(uuid4()),
        **where,
        person_id=str(person_id),
        facts=person.open_facts,
        amended_at=dossier.now.isoformat(),
    )
    contents = {Group.IDENTITY: told.identity, Group.SAFETY: told.safety, Group.NARRATIVE: None}
    if not any(contents.values()) and not person.hidden_facts:
        return
    key, wrapped = session.vault.new_key(person_id, "person")
    keep_key(dossier.ledger, wrapped, dossier.case_id)
    for group, (table, room) in _ROOMS.items():
        content, facts = contents[group], person.hidden_facts.get(group)
        if content or facts:
            dossier.ledger.add(
                table,
                person_id=str(person_id),
                **where,
                key_version=key.version,
                content=_sealed(key, content, room, "content", person_id),
                facts=_sealed(key, facts, room, "facts", person_id),
            )


def _sealed(key: DataKey, value: Any, room: str, column: str, row: UUID) -> str | None:
    if not value:
        return None
    return sealed(key, orjson.dumps(value), room=room, column=column, row=row)


def keep_findings(dossier: Dossier, person_id: UUID, number: int, found: Screening) -> None:
    """How a person screens, kept for ever beside later screenings."""
    findings = findings_of(found)
    dossier.persons.append(PersonFiled(str(person_id), number, findings))
    dossier.ledger.add(
        "screenings",
        id=str(uuid4()),
        case_id=str(dossier.case_id),
        person_id=str(person_id),
        country=dossier.actor.country,
        at=dossier.now.isoformat(),
        by_member=str(dossier.actor.id),
        findings=findings,
    )
    dossier.urgency = max(dossier.urgency, found.urgency.value, key=_URGENCIES.index)


def route(
    session: WriteSession,
    dossier: Dossier,
    person_id: UUID,
    facts: Facts,
    found: Screening,
    mandates: frozenset[str],
    running: frozenset[str] = frozenset(),
) -> None:
    """Open a referral under every track that applies and that she is not under already."""
    run = Run(
        facts=facts,
        results=found.results,
        place=dossier.intake.place,
        reported=dossier.intake.reported,
        urgency=found.urgency.value,
        holder_mandates=mandates,
        excluding=facts.codes("named_agencies") or frozenset(),
    )
    tracks = session.catalogue.in_force(dossier.actor.country, dossier.now.date())
    for opening in engine.file(tracks, run, dossier.now, running=running):
        _open_referral(dossier, person_id, found.results, opening, tracks)


_URGENCIES = ["routine", "urgent", "emergency"]


def _open_referral(
    dossier: Dossier,
    person_id: UUID,
    results: Any,
    opening: Opening,
    tracks: Any,
) -> None:
    actor = dossier.actor
    protocol = next(track for track in tracks if track.track == opening.track)
    referral_id = uuid4()
    needed, withheld = carrying.needs_of(opening.decision)
    leads = opening.lead and dossier.lead is None
    dossier.lead = referral_id if leads else dossier.lead
    dossier.ledger.add(
        "referrals",
        id=str(referral_id),
        case_id=str(dossier.case_id),
        person_id=str(person_id),
        country=actor.country,
        track=opening.track,
        protocol_version=protocol.version,
        protocol_digest=protocol.digest,
        state="open",
        lead=leads,
        triage=opening.triage,
        results=[list(pair) for pair in results],
        holder_unit=str(actor.unit_id),
        holder_member=str(actor.id),
        holder_since=dossier.now.isoformat(),
        lawful_basis=dossier.intake.lawful_basis.value,
        needed=needed,
        withheld=withheld,
        opened_at=dossier.now.isoformat(),
        version=1,
    )
    dossier.ledger.log(
        Done.REFERRAL_OPENED,
        "referral",
        referral_id,
        to=str(actor.unit_id),
        track=opening.track,
    )
    held = tuple(carrying.held_steps(opening.decision))
    dossier.referrals.append(
        ReferralOpened(
            str(referral_id),
            str(person_id),
            opening.track,
            protocol.version,
            leads,
            opening.triage,
            held,
            needed,
            withheld,
        )
    )
    dossier.decided.append(
        (_subject(dossier, referral_id, person_id, opening.track), opening.decision)
    )


def _subject(dossier: Dossier, referral_id: UUID, person_id: UUID, track: str) -> Subject:
    return Subject(
        case_id=dossier.case_id,
        referral_id=referral_id,
        person_id=person_id,
        country=dossier.actor.country,
        track=track,
        place=dossier.intake.place,
        urgency=dossier.urgency,
        holder_unit=dossier.actor.unit_id,
        filer_unit=dossier.actor.unit_id,
        sender_member=dossier.actor.id,
        batches=dossier.case_id,
    )


def keep_case(dossier: Dossier, case_facts: Any, *, imported: bool = False) -> None:
    """The envelope, the shared facts, the workplace, the narrative and who reported."""
    intake, actor, ledger = dossier.intake, dossier.actor, dossier.ledger
    where = {"case_id": str(dossier.case_id), "country": actor.country}
    ledger.add(
        "cases",
        id=str(dossier.case_id),
        country=actor.country,
        reference=dossier.reference,
        client_id=str(intake.client_id),
        place=intake.place,
        urgency=dossier.urgency,
        reported=intake.reported,
        filed_by_unit=str(actor.unit_id),
        filed_by_member=str(actor.id),
        filed_at=dossier.now.isoformat(),
        occurred_at=(intake.occurred_at or dossier.now).isoformat(),
        occurred_precision=intake.occurred_precision,
        lead_referral=str(dossier.lead) if dossier.lead else None,
        voice_attempts=0,
        imported=imported,
        sealed=False,
        warnings=[],
        version=len(ledger.drafts),  # its stream has that many entries by now
    )
    ledger.add(
        "case_facts",
        id=str(uuid4()),
        **where,
        person_id=None,
        facts=case_facts,
        amended_at=dossier.now.isoformat(),
    )
    if intake.workplace:
        ledger.add("workplaces", id=str(uuid4()), **where, facts=dict(intake.workplace))
    if intake.narrative:
        ledger.note(dossier.key, "narrative", intake.narrative, actor)
    if intake.reporter:
        content = orjson.dumps(dict(intake.reporter))
        ledger.add(
            "reporters",
            **where,
            agency_id=str(actor.agency_id),
            key_version=dossier.key.version,
            content=sealed(
                dossier.key, content, room="reporter", column="content", row=dossier.case_id
            ),
        )
