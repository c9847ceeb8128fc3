"""Is somebody known already? An exact look-up that names an agency at most, never a case.

A fresh proof, a reason, twenty an hour, and an entry each time. Of a sealed case, of one that a
shelter holds and of trafficking the answer is only that the coordinator will make contact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from referral import access, errors
from referral.audit import Done
from referral.audit.streams import log_own
from referral.casework.blinding import country_key, findable
from referral.casework.refusing import refuse
from referral.casework.said import Said
from referral.database import as_json
from referral.errors import Fault, Refusal
from referral.session import Actor, WriteSession

AN_HOUR: Final = 20


@dataclass(frozen=True, slots=True)
class Sought:
    """Whom somebody looks for: a name with its date of birth, a document, a telephone."""

    name: str = ""
    born_on: str = ""
    document: str = ""
    telephone: str = ""


@dataclass(frozen=True, slots=True)
class Matches:
    """Agencies that hold a possible match; or the coordinator makes contact."""

    agencies: tuple[str, ...]
    coordinator: bool


async def find_duplicates(
    session: WriteSession, actor: Actor, sought: Sought, said: Said, *, now: datetime
) -> Matches | Refusal:
    """Ask the agencies, not the cases: who to telephone before filing the same person again."""
    refused = access.by_role(actor, "find_duplicates", said.reason, now)
    told = {
        "name": sought.name,
        "born_on": sought.born_on,
        "document": sought.document,
        "contact": sought.telephone,
    }
    values = sorted(set(findable(told, actor.country)))
    if refused is None and not values:
        refused = errors.invalid_input([Fault("/name", "too-little", _TOO_LITTLE)])
    if refused is not None:
        return await _refused(session, actor, refused, now)
    key = await country_key(session)
    blinded = [key.blind(f"{kind}|{value}").hex() for kind, value in values]
    found = await as_json(session.connection, "SELECT referral.find_matches($1)", blinded)
    if found is None:
        return await _refused(session, actor, _spent(), now)
    kinds = sorted({kind for kind, _ in values})
    await log_own(session, actor, Done.DUPLICATES_SOUGHT, now=now, by=kinds, reason=said.reason)
    return Matches(tuple(sorted(found["agencies"])), found["coordinator"])


_TOO_LITTLE: Final = (
    "Give a whole name with its date of birth, a document number, or a telephone number: part of "
    "a name finds nobody."
)


def _spent() -> Refusal:
    return Refusal(
        429,
        "budget-spent",
        "You have looked for many people",
        f"{AN_HOUR} look-ups an hour are allowed. File the report: the coordinator sees possible "
        "duplicates; or wait.",
        headers={"Retry-After": "3600"},
    )


async def _refused(session: WriteSession, actor: Actor, refusal: Refusal, now: datetime) -> Refusal:
    return await refuse(
        session,
        actor,
        refusal,
        act="find_duplicates",
        object_type="member",
        object_id=actor.id,
        now=now,
    )
