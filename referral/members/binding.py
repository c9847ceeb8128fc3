"""Which subject of an identity provider somebody is: bound and unbound by her administrator.

A provider says who comes; that this is she, an administrator of her agency has said, with a fresh
proof. Nobody binds herself, and no address of mail is ever a key. It must never know a case.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from agencies.identity import digest_of
from referral import access, errors
from referral.audit import Done
from referral.audit.streams import log_own
from referral.database import as_json, scalar
from referral.errors import Fault, Refusal
from referral.members.keeping import may, refusal
from referral.session import Actor, ReadSession, WriteSession

_LONGEST: Final = 255
_SPEAKING: Final = (
    "SELECT coalesce(jsonb_agg(jsonb_build_array(p.id, p.name) ORDER BY p.name), '[]') "
    "FROM agencies.provider p WHERE p.active AND p.country = $1 "
    "AND (p.agency_id IS NULL OR p.agency_id = $2)"
)


@dataclass(frozen=True, slots=True)
class SubjectLine:
    """Who is which subject of which provider."""

    member_id: UUID
    name: str
    provider_id: UUID
    provider: str
    subject: str
    bound_at: datetime


@dataclass(frozen=True, slots=True)
class Bindings:
    """Everybody of an agency who is bound, and the providers that speak for it."""

    subjects: tuple[SubjectLine, ...]
    providers: tuple[tuple[UUID, str], ...]


async def bindings_of(
    session: ReadSession, actor: Actor, secret: str, *, now: datetime
) -> Bindings | Refusal:
    """Those of the administrator's agency. ``secret`` is that of her session."""
    refused = access.by_role(actor, "manage_members", now=now)
    if refused is not None:
        return refused
    rows = await as_json(
        session.connection, "SELECT agencies.bound_subjects($1, $2)", digest_of(secret), now
    )
    speaking = await as_json(session.connection, _SPEAKING, actor.country, actor.agency_id)
    return Bindings(
        tuple(
            SubjectLine(
                UUID(row["member_id"]),
                row["name"],
                UUID(row["provider_id"]),
                row["provider"],
                row["subject"],
                datetime.fromisoformat(row["bound_at"]),
            )
            for row in rows
        ),
        tuple((UUID(identity), name) for identity, name in speaking),
    )


async def bind_subject(
    session: WriteSession,
    actor: Actor,
    secret: str,
    member_id: UUID,
    provider: UUID,
    subject: str | None,
    *,
    now: datetime,
) -> str | Refusal:
    """``bound``, or ``unbound`` (no subject); what she had open through this provider ends."""
    refused = may(actor, "manage_members", now)
    if refused is not None:
        return refused
    if subject is not None and not (0 < len(subject) <= _LONGEST and subject.isprintable()):
        told = "The subject as the provider's own page or administrator says it: 1 to 255 signs."
        return errors.invalid_input([Fault("/subject", "malformed", told)])
    told = str(
        await scalar(
            session.connection,
            "SELECT agencies.bind_subject($1, $2, $3, $4, $5)",
            *(digest_of(secret), member_id, provider, subject, now),
        )
    )
    if told not in {"bound", "unbound"}:
        return refusal(told, "manage_members")
    act = Done.SUBJECT_BOUND if told == "bound" else Done.SUBJECT_UNBOUND
    await log_own(session, actor, act, now=now, about=member_id, answer={"outcome": told})
    return told
