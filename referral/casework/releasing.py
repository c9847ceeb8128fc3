"""Releases: prepared by a statistician, published or handed over by another person, then frozen.

1. What is prepared is what will be published, byte for byte: the second person approves bytes she
   has seen, and nothing is counted again in between.
2. A release of a year stands until the next one of that year; no row of it ever changes.
3. It is checked against every earlier one of its year. If one was published meanwhile, it must be
   prepared anew.
4. The log has the tables' definition, the numbers of rows and who approved (D12).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal, Self
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from referral import access, errors
from referral.audit import Done
from referral.audit.ledger import Ledger, post
from referral.audit.streams import log_own, system_stream
from referral.casework.counting import counts_of, trafficked_in
from referral.casework.refusing import refuse
from referral.database import as_json, take_time
from referral.errors import Fault, Refusal
from referral.figures import ctdc
from referral.figures.fixed_tables import fixed
from referral.figures.release_document import Ground, release, row_counts
from referral.session import Actor, WriteSession

Kind = Literal["public", "ctdc"]
_FIRST: Final = 1990
_SECONDS: Final = 240  # a large country's puzzle may take minutes
_LONGEST: Final = 200
_PLACES: Final = """
SELECT coalesce(jsonb_object_agg(code, coalesce(names ->> 'en', code)), '{}') FROM agencies.jurisdiction
WHERE country = $1 AND parent = $1 AND kind = 'subdivision'
"""
_EARLIER: Final = """
SELECT coalesce(jsonb_agg(convert_from(r.content, 'UTF8') ORDER BY a.answered_at, r.id), '[]')
FROM referral.release r JOIN referral.release_answer a ON a.release_id = r.id
WHERE r.country = $1 AND r.kind = $2 AND r.year = $3 AND a.answer <> 'refused'
"""
_STANDING: Final = """
SELECT jsonb_build_object('kind', r.kind, 'asked_member', r.asked_member, 'definition', r.definition, 'counted', r.counted,
    'digest', encode(r.digest, 'hex'), 'answer', a.answer, 'stale', r.beside <> (SELECT count(*) FROM referral.release o
        JOIN referral.release_answer p ON p.release_id = o.id WHERE o.country = r.country AND o.kind = r.kind AND o.year = r.year AND p.answer <> 'refused'))
FROM referral.release r LEFT JOIN referral.release_answer a ON a.release_id = r.id WHERE r.id = $1 AND r.country = $2
"""


@dataclass(frozen=True, slots=True)
class Released:
    """Which release, and how it stands now: asked, published, handed_over or refused."""

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
    year: int,
    recipient: str | None = None,
    *,
    now: datetime,
) -> Released | Refusal:
    """Count, control disclosure, and ask that it be published (or, of ``ctdc``, handed over)."""
    refused = access.by_role(actor, "prepare_release", now=now)
    refused = refused or _unfit(session, actor, kind, year, recipient, now)
    if refused is None and reporter is None:
        refused = _not_set_up()
    if refused is not None or reporter is None:
        return await _refused(
            session, actor, refused or _not_set_up(), "prepare_release", None, now
        )
    await take_time(session.connection, _SECONDS)
    earlier = await as_json(session.connection, _EARLIER, actor.country, kind, year)
    content = await _content(session, actor, reporter, kind, year, earlier)
    if content is None:
        return await _refused(session, actor, _too_few(), "prepare_release", None, now)
    counted = row_counts(content) if kind == "public" else {"people": content.count(b"\r\n") - 1}
    which = uuid4()
    row = {
        "id": str(which),
        "country": actor.country,
        "kind": kind,
        "year": year,
        "definition": fixed().digest if kind == "public" else ctdc.DEFINITION,
        "counted": counted,
        "content": f"\\x{content.hex()}",
        "digest": f"\\x{hashlib.sha256(content).hexdigest()}",
        "beside": len(earlier),
        "recipient": recipient,
        "asked_by": str(actor.id),
        "asked_member": str(actor.member_id),
        "asked_at": now.isoformat(),
    }
    body = {"kind": kind, "year": year, "counted": counted, "recipient": recipient}
    return await _posted(session, actor, which, "asked", {"releases": row}, body, now)


async def _content(
    session: WriteSession,
    actor: Actor,
    reporter: AsyncEngine,
    kind: Kind,
    year: int,
    earlier: Sequence[str],
) -> bytes | None:
    """The bytes; the puzzle is solved in a thread, so that others are answered meanwhile."""
    zone = session.catalogue.country(actor.country).time_zone
    if kind == "ctdc":
        known = await trafficked_in(reporter, actor.country, year, zone)
        rows = ctdc.anonymous((ctdc.row_of(actor.country, year, one), n) for one, n in known)
        return ctdc.as_csv(rows) if rows else None
    places = await as_json(session.connection, _PLACES, actor.country)
    counts = await counts_of(reporter, fixed(), actor.country, year, zone)
    before = [one.encode() for one in earlier]
    ground = Ground(actor.country, year, places, counts, before)
    return await asyncio.to_thread(release, fixed(), ground)


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
    session: WriteSession, actor: Actor, kind: Kind, year: int, recipient: str | None, now: datetime
) -> Refusal | None:
    faults = []
    if not _FIRST <= year < session.day_in(actor.country, now).year:
        told = (
            "Choose a year that is over: figures of a year that still grows would give people away."
        )
        faults.append(Fault("/year", "not-over", told))
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


def _too_few() -> Refusal:
    explanation = (
        "No eleven people of that year agree in what may be handed over, so every row would speak "
        "of too few. Nothing was prepared."
    )
    return errors.not_allowed_now("too few", "prepare_release", [], explanation)


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
    actor: Actor,
    which: UUID,
    state: str,
    rows: Mapping[str, Mapping[str, Any]],
    body: Mapping[str, Any],
    now: datetime,
) -> Released:
    ledger = Ledger(None, now, why=f"role:{actor.role.value}")
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
