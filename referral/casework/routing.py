"""A person of a case is screened and routed: a referral under every track that applies."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from protocols import engine
from protocols.decision import Opening, Run
from protocols.facts import Facts
from protocols.protocol import Protocol
from protocols.screening import Screening
from referral.audit import Done
from referral.casework import carrying
from referral.casework.dossier import URGENCIES, Dossier
from referral.casework.filings import PersonFiled, ReferralOpened
from referral.casework.recipients import Subject
from referral.casework.understanding import findings_of
from referral.session import WriteSession


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
    dossier.urgency = max(dossier.urgency, found.urgency.value, key=URGENCIES.index)


def route(
    session: WriteSession,
    dossier: Dossier,
    person_id: UUID,
    facts: Facts,
    found: Screening,
    mandates: frozenset[str],
    running: frozenset[str] = frozenset(),
    *,
    results: tuple[tuple[str, str], ...] | None = None,
) -> None:
    """Open a referral under every track that applies and that she is not under already.

    ``results``: where a person has raised what the screening found.
    """
    results = found.results if results is None else results
    run = Run(
        facts=facts,
        results=results,
        place=dossier.intake.place,
        reported=dossier.intake.reported,
        urgency=found.urgency.value,
        holder_mandates=mandates,
        excluding=(facts.codes("named_agencies") or frozenset()) | dossier.excluded,
    )
    country = dossier.actor.country
    today = session.day_in(country, dossier.now)
    tracks = session.catalogue.in_force(country, today, dossier.intake.place)
    for opening in engine.file(tracks, run, dossier.now, running=running):
        _open_referral(dossier, person_id, results, opening, tracks)


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
            protocol.digest,
            leads,
            opening.triage,
            held,
            needed,
            withheld,
        )
    )
    dossier.decided.append((_subject(dossier, referral_id, person_id, protocol), opening.decision))


def _subject(dossier: Dossier, referral_id: UUID, person_id: UUID, protocol: Protocol) -> Subject:
    return Subject(
        case_id=dossier.case_id,
        referral_id=referral_id,
        person_id=person_id,
        country=dossier.actor.country,
        track=protocol.track,
        protocol_version=protocol.version,
        protocol_digest=protocol.digest,
        place=dossier.intake.place,
        urgency=dossier.urgency,
        holder_unit=dossier.actor.unit_id,
        filer_unit=dossier.actor.unit_id,
        sender_member=dossier.actor.id,
        batches=dossier.case_id,
    )
