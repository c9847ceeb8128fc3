"""A case that stands, opened again so that more can be put into it: facts, persons, results."""

from __future__ import annotations

from uuid import UUID

from referral.access.standing import Locked
from referral.audit.ledger import Ledger
from referral.casework.dossier import Dossier
from referral.casework.ground import Held
from referral.casework.intake import Intake, LawfulBasis
from referral.session import Actor, WriteSession


def intake_of(locked: Locked) -> Intake:
    """The case as the frame for persons who join it."""
    return Intake(
        client_id=locked.case_id,
        place=locked.case["place"],
        reported=locked.case["reported"],
        lawful_basis=LawfulBasis(locked.referral["lawful_basis"]),
    )


def joined(session: WriteSession, held: Held, actor: Actor, ledger: Ledger) -> Dossier:
    """The case's own dossier, opened again."""
    locked = held.locked
    lead = locked.case["lead_referral"]
    return Dossier(
        intake=intake_of(locked),
        actor=actor,
        now=ledger.at,
        country=session.catalogue.country(actor.country),
        ledger=ledger,
        key=held.keys[locked.case_id],
        head=locked.head,
        case_id=locked.case_id,
        reference=locked.case["reference"],
        numbered=locked.numbered,
        excluded=frozenset(locked.case["excluded"]),
        urgency=locked.case["urgency"],
        lead=UUID(lead) if lead else None,
    )
