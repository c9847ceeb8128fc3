"""Consent recorded, taken back, and another lawful basis: what a referral rests on.

Taking back always succeeds, for everybody with a part in the case; the access it gave ends in the
same transaction. Both lock the case, so an acceptance and a withdrawal never cross: whichever comes
second finds what the first has left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID, uuid4

import orjson

from referral import errors
from referral.access.standing import Locked
from referral.audit import Done
from referral.audit.ledger import Ledger, post, sealed
from referral.casework.answers import Acted
from referral.casework.ground import Held, referral_ground, refuse_there
from referral.casework.intake import LawfulBasis
from referral.casework.records import done
from referral.casework.refusing import refuse
from referral.casework.run import facts_of
from referral.casework.said import NOTHING_SAID, Said
from referral.consent import Given, faults_in
from referral.database import as_json, scalar
from referral.errors import Fault, Refusal
from referral.session import Actor, WriteSession

_ENDED = frozenset({"rejected", "cancelled", "completed", "failed"})


@dataclass(frozen=True, slots=True)
class StillHeld:
    """Somebody who keeps something after a withdrawal, and on what ground."""

    hand_off_id: str
    state: str
    groups: tuple[str, ...]
    basis: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A consent was taken back: whose access ended, and who still holds what."""

    case_id: str
    consent_id: str
    ended: tuple[str, ...]  # hand-offs whose receivers it had opened something to
    held: tuple[StillHeld, ...]

    def stored(self) -> dict[str, Any]:
        """As kept under the idempotency key."""
        return asdict(self)

    @classmethod
    def again(cls, stored: Mapping[str, Any]) -> Self:
        """The same answer to the same request."""
        held = tuple(StillHeld(**{**one, "groups": tuple(one["groups"])}) for one in stored["held"])
        return cls(stored["case_id"], stored["consent_id"], tuple(stored["ended"]), held)


async def record_consent(
    session: WriteSession,
    actor: Actor,
    referral_id: UUID,
    receiver_agency: UUID,
    given: Given,
    said: Said = NOTHING_SAID,
    *,
    now: datetime,
) -> Acted | Refusal:
    """The person agrees that this agency gets these parts, for this purpose, until then."""
    held = await referral_ground(session, actor, referral_id, "record_consent", said, now)
    if isinstance(held, Refusal):
        return held
    faults = _faults(session, held, actor, given, now)
    known = "SELECT count(*)::text FROM agencies.agency WHERE id = $1 AND country = $2"
    if await scalar(session.connection, known, receiver_agency, actor.country) != "1":
        faults.append(Fault("/receiver_agency", "unknown", "Name an agency of the directory."))
    if faults:
        refusal = errors.invalid_input(faults)
        return await refuse_there(session, actor, held.locked, "record_consent", refusal, now)
    ledger = Ledger(held.locked.case_id, now, why=held.why)
    consent = _keep(ledger, held, actor, receiver_agency, given)
    ledger.log(Done.CONSENT_RECORDED, "consent", consent, occurred_at=given.given_at)
    return await done(session, actor, held, ledger)


def _faults(
    session: WriteSession, held: Held, actor: Actor, given: Given, now: datetime
) -> list[Fault]:
    age = facts_of(held.locked, held.keys).values.get("age")
    years = age if isinstance(age, int) else None
    country = session.catalogue.country(actor.country)
    row = country.consent_at(years) if years is not None else None
    return faults_in(given, years, row, now)


def _keep(ledger: Ledger, held: Held, actor: Actor, receiver: UUID, given: Given) -> UUID:
    consent, key = uuid4(), held.keys[held.locked.case_id]
    content = {
        "form": given.form.value,
        "language": given.language,
        "statements": [one.value for one in given.statements],
        "child": given.child.value,
        "caregiver": given.caregiver.value,
        "otherwise": given.otherwise,
        "witness": given.witness,
    }
    ledger.add(
        "consents",
        id=str(consent),
        case_id=str(held.locked.case_id),
        referral_id=str(held.locked.referral_id),
        country=actor.country,
        purpose=given.purpose.value,
        receiver_agency=str(receiver),
        groups=sorted(given.groups),
        given_at=given.given_at.isoformat(),
        expires_at=given.expires_at.isoformat(),
        recorded_at=ledger.at.isoformat(),
        by_unit=str(actor.unit_id),
        by_member=str(actor.id),
        key_version=key.version,
        content=sealed(key, orjson.dumps(content), room="consent", column="content", row=consent),
    )
    return consent


_CONSENT = (
    "SELECT jsonb_build_object('referral_id', c.referral_id, 'receiver_agency', c.receiver_agency, "
    "'withdrawn_at', c.withdrawn_at, 'groups', c.groups) FROM referral.consent c WHERE c.id = $1"
)


async def withdraw_consent(
    session: WriteSession,
    actor: Actor,
    consent_id: UUID,
    said: Said = NOTHING_SAID,
    *,
    now: datetime,
) -> Withdrawn | Refusal:
    """The person takes it back: what it opened is closed at once, and who had it is told."""
    found = await as_json(session.connection, _CONSENT, consent_id)
    if found is None:
        return await refuse(
            session,
            actor,
            errors.not_found(),
            act="record_withdrawal",
            object_type="consent",
            object_id=consent_id,
            now=now,
        )
    referral_id = UUID(found["referral_id"])
    held = await referral_ground(session, actor, referral_id, "record_withdrawal", said, now)
    if isinstance(held, Refusal):
        return held
    locked = held.locked
    found = await as_json(session.connection, _CONSENT, consent_id)  # as it stands under the lock
    if found["withdrawn_at"] is not None:
        explanation = "It was taken back already, and what it had opened is closed."
        refusal = errors.not_allowed_now("withdrawn", "record_withdrawal", [], explanation)
        return await refuse_there(session, actor, locked, "record_withdrawal", refusal, now)
    ledger = Ledger(locked.case_id, now, why=held.why)
    ledger.add("consent_withdrawals", id=str(consent_id), at=now.isoformat())
    ledger.log(Done.CONSENT_WITHDRAWN, "consent", consent_id, occurred_at=said.occurred_at)
    answer = _after(locked, consent_id, found)
    told = {str(locked.holder_unit): None} | {
        locked.named(one)["receiver_unit"]: one for one in answer.ended
    }
    for unit, hand_off in told.items():
        ledger.tell(Done.CONSENT_WITHDRAWN.value, unit, hand_off)
    key = held.keys[locked.case_id]
    await post(session, ledger, actor=actor, head=locked.head, key=key, answer=answer.stored())
    return answer


def _after(locked: Locked, consent_id: UUID, consent: Mapping[str, Any]) -> Withdrawn:
    """Who loses something, and who keeps what on another ground."""
    basis = locked.referral["lawful_basis"]
    given = [row for row in locked.hand_offs if row["state"] not in {*_ENDED, "requested"}]
    ended = tuple(
        row["id"]
        for row in given
        if basis == LawfulBasis.CONSENT and row["receiver_agency"] == consent["receiver_agency"]
    )
    held = tuple(
        StillHeld(row["id"], row["state"], _left(row, consent, ended=row["id"] in ended), basis)
        for row in given
    )
    return Withdrawn(str(locked.case_id), str(consent_id), ended, held)


def _left(row: Mapping[str, Any], consent: Mapping[str, Any], *, ended: bool) -> tuple[str, ...]:
    gone = set(consent["groups"]) if ended else set()
    return tuple(sorted({"G0", "G1", *row["travels"]} - gone))


async def change_basis(
    session: WriteSession,
    actor: Actor,
    referral_id: UUID,
    basis: LawfulBasis,
    reference: str,
    said: Said,
    *,
    now: datetime,
) -> Acted | Refusal:
    """Another ground than the track's own; ``reference``: the law that gives it."""
    held = await referral_ground(session, actor, referral_id, "change_basis", said, now)
    if isinstance(held, Refusal):
        return held
    faults = []
    if held.locked.referral["lawful_basis"] == basis:
        faults.append(Fault("/basis", "same", "This is what it rests on already."))
    if basis is not LawfulBasis.CONSENT and not reference.strip():
        words = "Name the article that obliges or allows it: without one there is no such basis."
        faults.append(Fault("/reference", "missing", words))
    if faults:
        refusal = errors.invalid_input(faults)
        return await refuse_there(session, actor, held.locked, "change_basis", refusal, now)
    ledger = Ledger(held.locked.case_id, now, why=held.why)
    referral = held.locked.referral_id
    ledger.add("bases", id=str(referral), lawful_basis=basis.value)
    was = held.locked.referral["lawful_basis"]
    body = {"basis": basis.value, "was": was, "law": reference.strip() or None}
    ledger.log(Done.BASIS_CHANGED, "referral", referral, reason=said.reason, **body)
    return await done(session, actor, held, ledger)
