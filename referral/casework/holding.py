"""Legal holds: set at once by one person, lifted by two. And periods of keeping that are over.

While a hold stands nothing of the case is erased, struck out or merged. Several may stand at once
(two courts); the case is free when the last of them was lifted.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

import orjson

from referral import errors
from referral.audit import Done, Head
from referral.audit.ledger import Ledger, post, sealed
from referral.audit.streams import keep_key
from referral.casework.erasing import LOCK, WAITS, ask, judged, posted, refused_here
from referral.casework.proposing import Narrowed, Proposal
from referral.casework.said import Said
from referral.database import as_json
from referral.errors import Fault, Refusal
from referral.session import Actor, WriteSession, keys_of

_LONGEST: Final = 200  # characters of a source: a court's name, number and day


async def set_hold(
    session: WriteSession,
    actor: Actor,
    reference: str,
    source: str,
    said: Said,
    *,
    now: datetime,
) -> Narrowed | Refusal:
    """Keep a case as it is. ``source``: what it rests on (whose letter, which number)."""
    standing = await as_json(session.connection, LOCK, reference.strip().upper(), None, None)
    against = None if standing is None else _unfit(standing, source)
    refused = judged(actor, "hold_legally", standing, said, now, against)
    if refused is not None:
        return await refused_here(session, actor, refused, "hold_legally", None, now)
    hold = uuid4()
    key, wrapped = session.vault.new_key(hold, "hold")
    ledger = Ledger(UUID(standing["case_id"]), now, why=f"role:{actor.role.value}")
    keep_key(ledger, wrapped, None)
    words = orjson.dumps({"reason": said.reason, "source": source.strip()})
    ledger.add(
        "holds",
        id=str(hold),
        case_id=standing["case_id"],
        country=actor.country,
        set_unit=str(actor.unit_id),
        set_by=str(actor.id),
        set_at=now.isoformat(),
        key_version=key.version,
        content=sealed(key, words, room="legal_hold", column="content", row=hold),
    )
    ledger.log(Done.HOLD_SET, "hold", hold)
    for unit in standing["officers"]:
        ledger.tell("hold.set", unit, None, "DATA_PROTECTION_OFFICER")
    answer = Narrowed(str(hold), standing["case_id"], "held", 0)
    return await posted(session, actor, ledger, standing, answer)


def _unfit(standing: Any, source: str) -> Refusal | None:
    if standing["erased_at"] is not None:
        explanation = "It is erased already: there is nothing left to keep."
        return errors.not_allowed_now("erased", "hold_legally", [], explanation)
    if not source.strip() or len(source) > _LONGEST:
        message = f"Say in up to {_LONGEST} characters what it rests on: whose letter, its number."
        return errors.invalid_input([Fault("/source", "length", message)])
    return None


async def ask_lifting(
    session: WriteSession, actor: Actor, hold_id: UUID, said: Said, *, now: datetime
) -> Narrowed | Refusal:
    """Ask that a hold be lifted; whoever protects data answers (``answer_erasure``)."""
    standing = await as_json(session.connection, LOCK, None, None, hold_id)
    against = None if standing is None else _not_liftable(standing, hold_id)
    refused = judged(actor, "ask_lifting", standing, said, now, against)
    if refused is not None:
        return await refused_here(session, actor, refused, "ask_lifting", hold_id, now)
    asked = Proposal(uuid4(), "lift_hold", [str(hold_id)], "erasure_asks", WAITS)
    return await ask(session, actor, standing, asked, said, now)


def _not_liftable(standing: Any, hold_id: UUID) -> Refusal | None:
    if standing["lifted"]:
        explanation = "It was lifted already. Nothing was changed."
        return errors.not_allowed_now("lifted", "ask_lifting", [], explanation)
    if any(one["about"] == [str(hold_id)] for one in standing["waiting"]):
        explanation = "Somebody has asked for this already; it waits for a second person."
        return errors.not_allowed_now("asked", "ask_lifting", [], explanation)
    return None


async def kept_long_enough(
    session: WriteSession, years: Mapping[str, int], *, now: datetime
) -> list[UUID]:
    """Cases kept as long as their tracks are ("*": every other track); a hundred at most."""
    asking = "SELECT coalesce(jsonb_agg(k), '[]') FROM referral.kept_long_enough($1::jsonb, $2) k"
    found = await as_json(session.connection, asking, orjson.dumps(dict(years)).decode(), now)
    return [UUID(one) for one in found]


async def note_retention(session: WriteSession, case_id: UUID, *, now: datetime) -> bool:
    """The clockwork: a case has been kept long enough. Who holds it is told, once; nothing else.

    False when somebody was there first.
    """
    row = await as_json(session.connection, "SELECT referral.lock_kept($1)", case_id)
    if row is None:
        return False
    ledger = Ledger(case_id, now, why="clock")
    ledger.add(
        "retentions",
        case_id=str(case_id),
        country=row["country"],
        reference=row["reference"],
        closed_at=row["closed_at"],
        noted_at=now.isoformat(),
    )
    ledger.log(Done.RETENTION_PASSED, "case", case_id, closed_at=row["closed_at"])
    for unit in row["holders"]:
        ledger.tell("erasure.due", unit, None, "SUPERVISOR")
    key = keys_of(session, [row["key"]])[case_id]
    await post(
        session, ledger, actor=None, head=Head.from_row(row["head"]), key=key, through="erase"
    )
    return True
