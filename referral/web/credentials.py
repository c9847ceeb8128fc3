"""Sessions as the sign-in pages need them: the credential functions of the directory, by name.

Secrets arrive here in clear and leave as SHA-256. What this file must never know: forms, cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from agencies.identity import SESSION_ABSOLUTE, Secret, digest_of, new_secret
from referral.database import as_json, scalar
from referral.session import Actor, ReadSession

# The same rule as agencies.in_standing, which the app may not call by itself.
_SEATS: Final = (
    "SELECT coalesce(jsonb_agg(jsonb_build_object('id', a.membership_id, 'agency', a.agency_name, "
    "'unit', a.unit_name, 'role', a.role) ORDER BY a.agency_name, a.unit_name, a.role), '[]') "
    "FROM agencies.actor a WHERE a.member_id = $1 AND a.active "
    "AND a.valid_from <= ($2 AT TIME ZONE a.time_zone)::date "
    "AND (a.valid_until IS NULL OR ($2 AT TIME ZONE a.time_zone)::date < a.valid_until)"
)


@dataclass(frozen=True, slots=True)
class Material:
    """What a password is compared with; ``stored`` None is nobody, or no password."""

    member_id: UUID | None
    stored: str | None


@dataclass(frozen=True, slots=True)
class Seat:
    """One membership somebody may work in."""

    id: UUID
    agency: str
    unit: str
    role: str


async def material_of(session: ReadSession, user_name: str) -> Material:
    """The hash behind a user name; of an account that was ended there is none."""
    row = await as_json(
        session.connection, "SELECT to_jsonb(m) FROM agencies.sign_in_material($1) m", user_name
    )
    if row is None or not row["active"]:
        return Material(None, None)
    return Material(UUID(row["member_id"]), row["password_hash"])


async def user_name_of(session: ReadSession, actor: Actor) -> str:
    """Under which name the actor signs in."""
    return str(
        await scalar(
            session.connection,
            "SELECT m.user_name FROM agencies.member m WHERE m.id = $1",
            actor.member_id,
        )
    )


async def seats_of(session: ReadSession, member_id: UUID, at: datetime) -> list[Seat]:
    """Every membership in force at this moment."""
    rows = await as_json(session.connection, _SEATS, member_id, at)
    return [Seat(UUID(row["id"]), row["agency"], row["unit"], row["role"]) for row in rows]


async def open_session(session: ReadSession, seat: UUID, at: datetime) -> Secret | None:
    """A new session whose password was given at this moment; None when the seat is not in force."""
    secret, form = new_secret(), new_secret()
    opened = await scalar(
        session.connection,
        "SELECT agencies.open_session($1, $2, $3, $4, $5)",
        secret.digest,
        seat,
        form.digest,
        at,
        at + SESSION_ABSOLUTE,
    )
    return secret if opened else None


async def renew_session(session: ReadSession, old: str, at: datetime) -> Secret | None:
    """A fresh proof of identity: a new id, the old one is dead. None when there was no session."""
    secret = new_secret()
    renewed = await scalar(
        session.connection,
        "SELECT agencies.renew_session($1, $2, $3)",
        digest_of(old),
        secret.digest,
        at,
    )
    return secret if renewed else None


async def end_session(session: ReadSession, secret: str) -> None:
    """Signed out: the id is dead at once."""
    await scalar(session.connection, "SELECT agencies.end_session($1)", digest_of(secret))


async def become(session: ReadSession, secret: Secret, at: datetime) -> Actor | None:
    """The actor of a session just opened, in its own transaction."""
    told = await as_json(
        session.connection, "SELECT referral.begin_actor($1, $2)", secret.digest, at
    )
    return Actor.from_row(told) if told else None
