"""Releases: asked for by a statistician, made by the clockwork, published by another person, frozen.

1. What is prepared is what will be published, byte for byte: the second person approves bytes she
   has seen, and nothing is counted again in between.
2. A release of a period stands until the next one of that period; no row of it ever changes.
3. It is checked against every earlier one of its year and of any quarter of it. If one was
   published meanwhile, it must be prepared anew.
4. The log has the tables' definition, the numbers of rows and who approved (D12).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal, Self
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from referral import access, errors
from referral.audit import CLOCKWORK, Author, Done
from referral.audit.ledger import Ledger, post
from referral.audit.streams import log_own, system_stream
from referral.casework.refusing import refuse
from referral.database import as_json
from referral.errors import Fault, Refusal
from referral.figures import ctdc
from referral.figures.fixed_tables import fixed
from referral.figures.periods import is_over, is_period, year_in
from referral.figures.release_document import row_counts
from referral.session import Actor, WriteSession

Kind = Literal["public", "ctdc"]
Failing = Literal["too-few", "unproved", "ended", "not-set-up", "fault"]
_LONGEST: Final = 200
_OPEN: Final = """
SELECT jsonb_build_object('id', o.id) FROM referral.release_order o LEFT JOIN referral.release r ON r.id = o.id
    LEFT JOIN referral.release_failure f ON f.order_id = o.id
WHERE o.country = $1 AND o.kind = $2 AND o.period = $3 AND num_nonnulls(r.id, f.order_id) = 0
"""
_STANDING: Final = """
SELECT jsonb_build_object('kind', r.kind, 'asked_member', r.asked_member, 'definition', r.definition, 'counted', r.counted,
    'digest', encode(r.digest, 'hex'), 'answer', a.answer, 'stale', r.beside <> (SELECT count(*) FROM referral.release o
        JOIN referral.release_answer p ON p.release_id = o.id WHERE o.country = r.country AND o.kind = r.kind AND o.year = r.year AND p.answer <> 'refused'))
FROM referral.release r LEFT JOIN referral.release_answer a ON a.release_id = r.id WHERE r.id = $1 AND r.country = $2
"""


@dataclass(frozen=True, slots=True)
class Released:
    """Which release, and how it stands now.

    Asked, prepared, failed, published, handed_over or refused.
    """

    id: str
    state: str

    def stored(self) -> dict[str, Any]:
        """As kept under the idempotency key."""
        return asdict(self)

    @classmethod
    def again(cls, kept: Mapping[str, Any]) -> Self:
        """From what was kept."""
        return cls(**kept)


async def prepare_release(
    session: WriteSession,
    actor: Actor,
    reporter: AsyncEngine | None,
    kind: Kind,
    period: str,
    recipient: str | None = None,
    *,
    now: datetime,
) -> Released | Refusal:
    """Ask that a year ("2026") or a quarter ("2026-Q1") be counted and controlled.

    The clockwork does it; nothing is public before another person approves.
    """
    refused = access.by_role(actor, "prepare_release", now=now)
    refused = refused or _unfit(session, actor, kind, period, recipient, now)
    if refused is None and reporter is None:
        refused = _not_set_up()
    if refused is None and await as_json(session.connection, _OPEN, actor.country, kind, period):
        refused = _under_way(period)
    if refused is not None:
        return await _refused(session, actor, refused, "prepare_release", None, now)
    which = uuid4()
    row = {
        "id": str(which),
        "country": actor.country,
        "kind": kind,
        "period": period,
        "year": year_in(period),
        "recipient": recipient,
        "asked_by": str(actor.id),
        "asked_member": str(actor.member_id),
        "asked_at": now.isoformat(),
    }
    body = {"kind": kind, "period": period, "recipient": recipient}
    return await _posted(session, actor, which, "asked", {"release_orders": row}, body, now)


@dataclass(frozen=True, slots=True)
class Ordered:
    """What the clockwork took to prepare. ``tried``: how often before; ``earlier``: documents."""

    id: UUID
    country: str
    kind: Kind
    period: str
    asked_member: str
    tried: int
    places: Mapping[str, str]
    earlier: tuple[bytes, ...]


async def take_release(session: WriteSession, *, now: datetime) -> Ordered | None:
    """The next one of the session's country that nobody is at; the attempt is noted.

    It is held until the connection gives up its locks, or ends.
    """
    told = await as_json(session.connection, "SELECT referral.take_release($1)", now)
    if told is None:
        return None
    earlier = tuple(one.encode() for one in told["earlier"])
    asked = ("country", "kind", "period", "asked_member", "tried", "places")
    known: dict[str, Any] = {name: told[name] for name in asked}
    return Ordered(id=UUID(told["id"]), earlier=earlier, **known)


async def keep_release(
    session: WriteSession, order: Ordered, content: bytes, *, now: datetime
) -> Released:
    """What was prepared, as it will be published: it waits for a second person."""
    public = order.kind == "public"
    counted = row_counts(content) if public else {"people": content.count(b"\r\n") - 1}
    row = {
        "id": str(order.id),
        "country": order.country,
        "kind": order.kind,
        "period": order.period,
        "year": year_in(order.period),
        "definition": fixed().digest if public else ctdc.DEFINITION,
        "counted": counted,
        "content": f"\\x{content.hex()}",
        "digest": f"\\x{hashlib.sha256(content).hexdigest()}",
        "beside": len(order.earlier),
        "asked_member": order.asked_member,
        "made_at": now.isoformat(),
    }
    body = {"kind": order.kind, "period": order.period, "counted": counted}
    return await _posted(session, CLOCKWORK, order.id, "prepared", {"releases": row}, body, now)


async def fail_release(
    session: WriteSession, order: Ordered, why: Failing, *, now: datetime
) -> Released:
    """That nothing could be prepared, and why."""
    row = {
        "order_id": str(order.id),
        "country": order.country,
        "why": why,
        "failed_at": now.isoformat(),
    }
    body = {"kind": order.kind, "period": order.period, "why": why}
    rows = {"release_failures": row}
    return await _posted(session, CLOCKWORK, order.id, "failed", rows, body, now)


async def answer_release(
    session: WriteSession,
    actor: Actor,
    release_id: UUID,
    *,
    approve: bool,
    digest: str,
    now: datetime,
) -> Released | Refusal:
    """The second person's answer to exactly these bytes; approved, they are out and frozen."""
    refused = access.by_role(actor, "approve_release", now=now)
    standing = await as_json(session.connection, _STANDING, release_id, actor.country)
    refused = refused or _not_answerable(actor, standing, digest, approve=approve)
    if refused is not None:
        return await _refused(session, actor, refused, "approve_release", release_id, now)
    state = (
        ("published" if standing["kind"] == "public" else "handed_over") if approve else "refused"
    )
    row = {
        "release_id": str(release_id),
        "country": actor.country,
        "answer": state,
        "answered_by": str(actor.id),
        "answered_member": str(actor.member_id),
        "answered_at": now.isoformat(),
    }
    body = {name: standing[name] for name in ("kind", "definition", "counted", "digest")}
    return await _posted(session, actor, release_id, state, {"release_answers": row}, body, now)


async def take_hand_over(
    session: WriteSession, actor: Actor, release_id: UUID, *, now: datetime
) -> bytes | Refusal:
    """The file of an approved hand-over, for one of the two who made it; each taking is logged."""
    refused = access.by_role(actor, "take_hand_over", now=now)
    content = await as_json(
        session.connection,
        "SELECT jsonb_build_object('text', convert_from(r.content, 'UTF8')) FROM referral.release r "
        "JOIN referral.release_answer a ON a.release_id = r.id WHERE r.id = $1 AND r.country = $2 "
        "AND a.answer = 'handed_over' AND $3 IN (r.asked_member, a.answered_member)",
        *(release_id, actor.country, actor.member_id),
    )
    refused = refused or (errors.not_found() if content is None else None)
    if refused is not None:
        return await _refused(session, actor, refused, "take_hand_over", release_id, now)
    await log_own(session, actor, Done.HAND_OVER_TAKEN, now=now, release=str(release_id))
    taken: str = content["text"]
    return taken.encode()


def _unfit(
    session: WriteSession,
    actor: Actor,
    kind: Kind,
    period: str,
    recipient: str | None,
    now: datetime,
) -> Refusal | None:
    faults = []
    if not is_period(period):
        told = 'Write a year ("2026") or a quarter ("2026-Q1").'
        faults.append(Fault("/period", "malformed", told))
    elif not is_over(period, session.day_in(actor.country, now)):
        told = "Choose a period that is over: figures that still grow would give people away."
        faults.append(Fault("/period", "not-over", told))
    elif kind == "ctdc" and period != str(year_in(period)):
        told = "What is handed over is of a whole year: the layout knows no quarters."
        faults.append(Fault("/period", "no-year", told))
    if kind == "ctdc" and not 1 < len(recipient or "") <= _LONGEST:
        told = "Say who receives it: the national focal point, by office and country."
        faults.append(Fault("/recipient", "missing", told))
    if kind == "public" and recipient is not None:
        faults.append(Fault("/recipient", "unexpected", "What is public has no recipient."))
    return errors.invalid_input(faults) if faults else None


def _not_set_up() -> Refusal:
    return Refusal(
        503,
        "counting-not-set-up",
        "Counting is not set up here",
        "Figures are counted by a database role of their own, which may read nothing else. Ask "
        "whoever runs this installation to set REFERRAL_REPORTER_DATABASE_URL. Nothing was changed.",
    )


def _under_way(period: str) -> Refusal:
    explanation = f"{period} is being prepared already: wait until that is done, or has failed."
    return errors.not_allowed_now("being prepared", "prepare_release", [], explanation)


def _not_answerable(actor: Actor, standing: Any, digest: str, *, approve: bool) -> Refusal | None:
    if standing is None:
        return errors.not_found()
    if standing["asked_member"] == str(actor.member_id):
        return errors.not_permitted("approve_release", "somebody else than who prepared it")
    if standing["answer"] is not None:
        explanation = "It was answered already; what is published is put right by the next release."
        return errors.not_allowed_now(standing["answer"], "approve_release", [], explanation)
    if approve and standing["stale"]:
        explanation = "Another release of that year was published since: prepare this one anew."
        return errors.not_allowed_now("stale", "approve_release", ["refuse"], explanation)
    if digest != standing["digest"]:
        told = "This is not the fingerprint of what was prepared: look at it again."
        return errors.invalid_input([Fault("/digest", "other", told)])
    return None


async def _posted(
    session: WriteSession,
    actor: Actor | Author,
    which: UUID,
    state: str,
    rows: Mapping[str, Mapping[str, Any]],
    body: Mapping[str, Any],
    now: datetime,
) -> Released:
    why = f"role:{actor.role.value}" if isinstance(actor, Actor) else "clock"
    ledger = Ledger(None, now, why=why)
    for table, row in rows.items():
        ledger.add(table, **row)
    told = {name: value for name, value in body.items() if value is not None}
    ledger.log(Done(f"release.{state}"), "release", which, to=state, **told)
    head, key = await system_stream(session, ledger)
    done = Released(str(which), state)
    await post(
        *(session, ledger), actor=actor, head=head, key=key, answer=done.stored(), through="publish"
    )
    return done


async def _refused(
    session: WriteSession,
    actor: Actor,
    refusal: Refusal,
    act: str,
    which: UUID | None,
    now: datetime,
) -> Refusal:
    return await refuse(
        session, actor, refusal, act=act, object_type="release", object_id=which, now=now
    )
