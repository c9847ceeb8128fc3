"""Sessions as the sign-in pages need them: the credential functions of the directory, by name.

Secrets arrive here in clear and leave as SHA-256. What this file must never know: forms, cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypedDict
from uuid import UUID

from agencies.identity import SESSION_ABSOLUTE, Secret, digest_of, new_secret
from referral.database import as_json, scalar
from referral.session import Actor, ReadSession

# The same rule as agencies.in_standing, which the app may not call by itself.
_SEATS: Final = (
    "SELECT coalesce(jsonb_agg(jsonb_build_object('id', a.membership_id, 'agency', a.agency_name, "
    "'agency_id', a.agency_id, 'unit', a.unit_name, 'role', a.role) "
    "ORDER BY a.agency_name, a.unit_name, a.role), '[]') "
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
    agency_id: UUID
    unit: str
    role: str


class Marks(TypedDict):
    """What is kept with a session: how it was proved, from which browser, on which device."""

    proof: str
    browser: str
    device: str | None


async def material_of(session: ReadSession, user_name: str) -> Material:
    """The hash behind a user name; of an account that was ended there is none."""
    row = await as_json(
        session.connection, "SELECT to_jsonb(m) FROM agencies.sign_in_material($1) m", user_name
    )
    if row is None or not row["active"]:
        return Material(None, None)
    return Material(UUID(row["member_id"]), row["password_hash"])


async def user_name_of(session: ReadSession, member_id: UUID) -> str:
    """Under which name a member signs in."""
    return str(
        await scalar(
            session.connection,
            "SELECT m.user_name FROM agencies.member m WHERE m.id = $1",
            member_id,
        )
    )


async def seats_of(session: ReadSession, member_id: UUID, at: datetime) -> list[Seat]:
    """Every membership in force at this moment."""
    rows = await as_json(session.connection, _SEATS, member_id, at)
    return [
        Seat(UUID(row["id"]), row["agency"], UUID(row["agency_id"]), row["unit"], row["role"])
        for row in rows
    ]


async def open_session(
    session: ReadSession,
    seat: UUID,
    at: datetime,
    *,
    proof: str = "password",
    browser: str = "",
    device: str | None = None,
) -> Secret | None:
    """A new session, proved at this moment; None when the seat is not in force."""
    secret, form = new_secret(), new_secret()
    known = digest_of(device) if device else None
    opened = await scalar(
        session.connection,
        "SELECT agencies.open_session($1, $2, $3, $4, $5, $6, $7, $8)",
        *(secret.digest, seat, form.digest, at, at + SESSION_ABSOLUTE, proof, browser, known),
    )
    return secret if opened else None


async def proved_elsewhere(
    session: ReadSession, secret: Secret, provider: UUID, proved_at: datetime
) -> None:
    """This session stands on a provider's word; its proof is as old as the provider says."""
    await scalar(
        session.connection,
        "SELECT agencies.proved_elsewhere($1, $2, $3)",
        *(secret.digest, provider, proved_at),
    )


async def renew_session(
    session: ReadSession, old: str, at: datetime, *, proof: str
) -> Secret | None:
    """A fresh proof of identity: a new id, the old one is dead. None when there was no session."""
    secret = new_secret()
    renewed = await scalar(
        session.connection,
        "SELECT agencies.renew_session($1, $2, $3, new_proof => $4)",
        *(digest_of(old), secret.digest, at, proof),
    )
    return secret if renewed else None


async def change_seat(session: ReadSession, old: str, seat: UUID, at: datetime) -> Secret | None:
    """Another seat of hers: a new id, everything else stays. None when it is no seat of hers."""
    secret = new_secret()
    moved = await scalar(
        session.connection,
        "SELECT agencies.change_seat($1, $2, $3, $4)",
        *(digest_of(old), secret.digest, seat, at),
    )
    return secret if moved else None


async def end_session(session: ReadSession, secret: str) -> None:
    """Signed out: the id is dead at once."""
    await scalar(session.connection, "SELECT agencies.end_session($1)", digest_of(secret))


async def become(session: ReadSession, secret: Secret, at: datetime) -> Actor | None:
    """The actor of a session just opened, in its own transaction."""
    told = await as_json(
        session.connection, "SELECT referral.begin_actor($1, $2)", secret.digest, at
    )
    return Actor.from_row(told) if told else None


async def known_by(session: ReadSession, secret: str, at: datetime) -> Actor | None:
    """Whose session this is, if it is one."""
    told = await as_json(
        session.connection, "SELECT referral.begin_actor($1, $2)", digest_of(secret), at
    )
    return Actor.from_row(told) if told else None


async def own_sessions(session: ReadSession, secret: str, at: datetime) -> list[dict[str, Any]]:
    """Where the owner of this session is signed in, this one first."""
    found: list[dict[str, Any]] = await as_json(
        session.connection, "SELECT agencies.own_sessions($1, $2)", digest_of(secret), at
    )
    return found


async def end_own_sessions(
    session: ReadSession, secret: str, which: UUID | None, at: datetime
) -> int:
    """One of hers, or (None) all but this one; how many ended."""
    return int(
        await scalar(
            session.connection,
            "SELECT agencies.end_own_sessions($1, $2, $3)",
            *(digest_of(secret), which, at),
        )
    )


async def own_devices(session: ReadSession, secret: str, at: datetime) -> list[dict[str, Any]]:
    """The devices she has registered."""
    found: list[dict[str, Any]] = await as_json(
        session.connection, "SELECT agencies.own_devices($1, $2)", digest_of(secret), at
    )
    return found


async def register_device(
    session: ReadSession, secret: str, device: Secret, name: str, at: datetime
) -> bool:
    """The device this session is on; False without a fresh proof."""
    return bool(
        await scalar(
            session.connection,
            "SELECT agencies.register_device($1, $2, $3, $4)",
            *(digest_of(secret), device.digest, name, at),
        )
    )


async def forget_device(session: ReadSession, secret: str, which: UUID, at: datetime) -> None:
    """One of her devices less."""
    await scalar(
        session.connection,
        "SELECT agencies.forget_device($1, $2, $3)",
        *(digest_of(secret), which, at),
    )


async def last_recovery(session: ReadSession, secret: str, at: datetime) -> Any:
    """When she was last given a new start, and by whom; None if never."""
    return await as_json(
        session.connection, "SELECT agencies.last_recovery($1, $2)", digest_of(secret), at
    )
