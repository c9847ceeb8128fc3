"""Filing: a report becomes a case, a referral per person and track, and the first hand-offs.

Screen, route, ask the directory, carry out: in one transaction with its log entries. Filing is
never refused for lack of an agency; the filer's unit holds everybody until somebody accepts.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from protocols.vocabulary import load_vocabulary
from referral import access, errors
from referral.audit.ledger import post
from referral.casework import carrying
from referral.casework.answers import Ask
from referral.casework.blinding import country_key, findable
from referral.casework.dossier import keep_case, open_dossier
from referral.casework.filings import Filed
from referral.casework.ground import gone
from referral.casework.intake import Intake
from referral.casework.persons import keep_persons
from referral.casework.refusing import refuse
from referral.casework.understanding import Understood, understand
from referral.database import as_json, take_time
from referral.errors import Fault, Refusal
from referral.session import Actor, WriteSession

_MANY = 50  # persons: from here on the ordinary limits of one statement do not do


async def file(
    session: WriteSession, actor: Actor, intake: Intake, *, now: datetime
) -> Filed | Refusal:
    """File a referral. The same ``client_id`` again answers ``AlreadyFiled`` through the door."""
    ground = await ground_of(session, actor, intake, now)
    if isinstance(ground, Refusal):
        return await refuse(
            session, actor, ground, act="file", object_type="case", object_id=None, now=now
        )
    case_facts, persons, mandates = ground
    if len(persons) > _MANY:
        await take_time(session.connection)
    dossier = open_dossier(session, actor, intake, now)
    if any(one for p in persons for one in findable(p.told.identity or {}, actor.country)):
        dossier.index = await country_key(session)
    keep_persons(session, dossier, persons, frozenset(mandates))
    opened = await carrying.carry(session, dossier.ledger, dossier.decided)
    keep_case(dossier, case_facts)
    answer = Filed(
        case_id=str(dossier.case_id),
        reference=dossier.reference,
        version=len(dossier.ledger.drafts),
        persons=tuple(dossier.persons),
        referrals=tuple(dossier.referrals),
        asks=tuple(Ask.of(made, one) for one, made in opened),
        warnings=tuple(dossier.ledger.case_changes.get("warnings", ())),
    )
    await post(
        session,
        dossier.ledger,
        actor=actor,
        head=dossier.head,
        key=dossier.key,
        answer=answer.stored(),
        status=201,
    )
    return answer


async def ground_of(
    session: WriteSession, actor: Actor, intake: Intake, now: datetime
) -> tuple[Any, list[Understood], list[str]] | Refusal:
    """May she file, is the place one, do the facts parse: everything that can say no."""
    refused = access.by_role(actor, "create_intake") or await gone(session, intake.client_id)
    if refused is not None:
        return refused
    understood = understand(intake, load_vocabulary(), now)
    if isinstance(understood, Refusal):
        return understood
    here = await as_json(
        session.connection,
        "SELECT jsonb_build_object('place', EXISTS (SELECT FROM agencies.jurisdiction "
        "WHERE code = $1 AND country = $2), 'mandates', agencies.held_mandates($3, $1, $4))",
        intake.place,
        actor.country,
        actor.unit_id,
        session.day_in(actor.country, now),
    )
    if not here["place"]:
        message = (
            f"There is no such place in {actor.country}. Give an ISO 3166-2 code such as "
            f"{actor.country}-…, or {actor.country} when no more is known."
        )
        return errors.invalid_input([Fault("/place", "unknown", message)])
    return (*understood, here["mandates"])
