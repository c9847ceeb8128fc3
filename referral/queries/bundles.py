"""Bundles of evidence of a case: what was asked for, and one opened while it may be taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text

from referral import access, errors
from referral.audit.streams import witness
from referral.database import as_json
from referral.errors import Refusal
from referral.queries.persons import last_number
from referral.queries.referrals import ReferralSeen, referrals_of
from referral.queries.sealed import case_keys, words_of
from referral.session import Actor, WitnessedRead
from referral.vault import SubjectKey

# Who may know of the case is nobody else's business: these bodies stay closed in any bundle.
_CLOSED: Final = frozenset({"proposal", "exclusion", "glass", "hold"})


@dataclass(frozen=True, slots=True)
class BundleSeen:
    """What was asked for. ``mine``: by the reader herself; ``answer`` None: it waits."""

    id: UUID
    referral_id: UUID
    recipient: str
    recipient_key: str
    groups: tuple[str, ...]
    others: bool
    closed: tuple[int, ...]
    reason: str
    asked_by: str
    asked_at: datetime
    answered_by: str | None
    answer: str | None
    mine: bool
    expires_at: datetime | None  # until when it may be taken
    made: bool


@dataclass(frozen=True, slots=True)
class BundlesSeen:
    """Those of a case, the newest first, and the referrals one may be asked for of."""

    case_id: UUID
    reference: str
    bundles: tuple[BundleSeen, ...]
    referrals: tuple[ReferralSeen, ...]
    readable: frozenset[str]  # groups she may put into one


@dataclass(frozen=True, slots=True)
class Opened:
    """An entry of the case's log; ``key`` and ``body`` where it was opened."""

    id: UUID
    header: str
    key: bytes | None
    body: bytes | None


@dataclass(frozen=True, slots=True)
class BundleOpened:
    """Everything a bundle is packed from: its record, and the log up to its making."""

    seen: BundleSeen
    record: str
    entries: tuple[Opened, ...]


_BUNDLES = text("""
SELECT b.id, b.case_id, b.referral_id, b.choice, b.record, b.made_at, b.expires_at, q.reason, q.asked_at, q.answer, q.asked_member = :member AS mine,
    asker.name AS asked_by, answerer.name AS answered_by
FROM referral.bundle b JOIN referral.proposal q ON q.id = b.id
    JOIN agencies.member asker ON asker.id = q.asked_member LEFT JOIN agencies.member answerer ON answerer.id = q.answered_member
WHERE b.case_id = :case OR b.id = :bundle ORDER BY q.asked_at DESC, b.id
""")


async def bundles_of(
    session: WitnessedRead, actor: Actor, case_id: UUID, *, now: datetime
) -> BundlesSeen | Refusal:
    """To whoever holds a referral of the case; the reasons are opened, and the log keeps that."""
    parties = await access.standing_in(session, case_id, now)
    referrals = await referrals_of(session, actor, case_id, parties)
    relationships = frozenset().union(*(one.relationships for one in referrals))
    resource = access.Resource.of(relationships, parties)
    decision = access.decide(actor, "approve", resource, access.EVERYTHING_SHOWN)
    if not decision.allow:
        await witness(session, actor, case_id, [], why=decision.reason_code, now=now)
        return access.refusal_for("approve", decision)
    rows = await _rows(session, actor, case_id, None)
    if rows:
        await witness(session, actor, case_id, ["G4"], why=decision.reason_code, now=now)
    key = (await case_keys(session, case_id))[case_id]
    asking = text("SELECT reference FROM referral.case WHERE id = :id")
    reference = (await session.connection.execute(asking, {"id": case_id})).scalar_one()
    return BundlesSeen(
        case_id=case_id,
        reference=reference,
        bundles=tuple(_seen(row, key) for row in rows),
        referrals=tuple(one for one in referrals if access.offered("bundle", one.relationships)),
        readable=decision.visible_classes,
    )


async def bundle_taken(
    session: WitnessedRead, actor: Actor, bundle_id: UUID, *, now: datetime
) -> BundleOpened | Refusal:
    """A bundle within its day, to whoever holds the referral and has just shown who she is."""
    rows = await _rows(session, actor, None, bundle_id)
    if not rows:
        return errors.not_found()
    row, case_id = rows[0], rows[0]["case_id"]
    parties = await access.standing_in(session, case_id, now)
    referrals = await referrals_of(session, actor, case_id, parties)
    [its] = [one for one in referrals if one.id == row["referral_id"]]
    resource = access.Resource.of(its.relationships, parties)
    context = access.Context(has_reason=True, stepped_up=access.stepped_up(actor, now))
    decision = access.decide(actor, "export_case", resource, context)
    if not decision.allow:
        await witness(session, actor, case_id, [], why=decision.reason_code, now=now)
        return access.refusal_for("export_case", decision)
    if row["record"] is None or row["expires_at"] <= now:
        return _not_there(row)
    bodies = await as_json(session.connection, "SELECT referral.bundle_bodies($1)", bundle_id)
    key = (await case_keys(session, case_id))[case_id]
    seen = _seen(row, key)
    record = key.open(row["record"], room="bundle", column="record", row=bundle_id).decode()
    about = await _about(session, case_id, its, seen)
    await witness(session, actor, case_id, sorted(seen.groups), why="export_case", now=now)
    entries = tuple(_opened(one, key, seen, about) for one in bodies)
    return BundleOpened(seen, record, entries)


async def _rows(
    session: WitnessedRead, actor: Actor, case: UUID | None, bundle: UUID | None
) -> list[Mapping[str, Any]]:
    values = {"case": case, "bundle": bundle, "member": actor.member_id}
    return [dict(row) for row in (await session.connection.execute(_BUNDLES, values)).mappings()]


def _seen(row: Mapping[str, Any], key: SubjectKey) -> BundleSeen:
    choice = orjson.loads(key.open(row["choice"], room="bundle", column="choice", row=row["id"]))
    return BundleSeen(
        id=row["id"],
        referral_id=row["referral_id"],
        recipient=choice["recipient"],
        recipient_key=choice["recipient_key"],
        groups=tuple(choice["groups"]),
        others=choice["others"],
        closed=tuple(choice["closed"]),
        reason=words_of(key, row["reason"], room="proposal", column="reason", row=row["id"]),
        asked_by=row["asked_by"],
        asked_at=row["asked_at"],
        answered_by=row["answered_by"],
        answer=row["answer"],
        mine=row["mine"],
        expires_at=row["expires_at"],
        made=row["made_at"] is not None,
    )


def _not_there(row: Mapping[str, Any]) -> Refusal:
    if row["made_at"] is None:
        told = "Nobody has approved it yet, or it was refused. Nothing leaves before two agree."
        return errors.not_allowed_now(row["answer"] or "asked", "export_case", [], told)
    told = "Its day is over and its content is forgotten. Ask for another bundle."
    return errors.not_allowed_now("expired", "export_case", ["bundle"], told)


_HERS = text("SELECT id FROM referral.hand_off WHERE referral_id = :id")


async def _about(
    session: WitnessedRead, case_id: UUID, its: ReferralSeen, seen: BundleSeen
) -> set[str] | None:
    """Objects whose bodies may be opened; None: all, because there is nobody else in the case."""
    if seen.others or await last_number(session, case_id) == 1:
        return None
    rows = await session.connection.execute(_HERS, {"id": its.id})
    return {str(its.id), *(str(row.id) for row in rows)}


def _opened(
    one: Mapping[str, Any], key: SubjectKey, seen: BundleSeen, about: set[str] | None
) -> Opened:
    """An entry, its body opened unless it is of somebody else, or was to stay closed."""
    header, entry = orjson.loads(one["header"]), UUID(one["id"])
    own = header["object"] == str(seen.id) and header["act"] == "bundle.made"
    closed = header["object_type"] in _CLOSED or header["seq"] in seen.closed
    if about is not None and header["object"] not in about:
        closed = True
    if one["body"] is None or (closed and not own):
        return Opened(entry, one["header"], None, None)
    sealed = bytes.fromhex(one["body"].removeprefix("\\x"))
    body = key.open(sealed, room="audit_body", column="content", row=entry)
    return Opened(entry, one["header"], key.entry_key(entry), body)
