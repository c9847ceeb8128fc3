"""A case while it is being put together: its envelope, its key, its stream."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import orjson

from protocols.country import Country
from protocols.decision import Decision
from referral.audit import Done, Head
from referral.audit.ledger import Ledger, sealed
from referral.audit.streams import keep_key, open_stream
from referral.casework.filings import PersonFiled, ReferralOpened
from referral.casework.intake import Intake
from referral.casework.recipients import Subject
from referral.casework.reference import new_reference
from referral.session import Actor, WriteSession
from referral.vault import SubjectKey


@dataclass(slots=True)
class Dossier:
    """A case while it is being put together."""

    intake: Intake
    actor: Actor
    now: datetime
    country: Country
    ledger: Ledger
    key: SubjectKey
    head: Head
    case_id: UUID
    reference: str
    numbered: int = 0  # persons the case already has
    excluded: frozenset[str] = frozenset()  # agency keys under a named exclusion
    index: SubjectKey | None = None  # the country's key, where somebody can be found again
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


URGENCIES = ["routine", "urgent", "emergency"]


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
        legal_hold=False,
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
        written = orjson.dumps(dict(intake.workplace))
        ledger.add(
            "workplaces",
            id=str(uuid4()),
            **where,
            key_version=dossier.key.version,
            facts=sealed(
                dossier.key, written, room="workplace", column="facts", row=dossier.case_id
            ),
        )
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
