"""What an operator at the machine does to the directory: people, tokens, registers of agencies.

The operator gives roles as nobody (``grants.OPERATOR``): the database itself is the proof of who
may sit here. It must never know cases, nor how anything is printed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from agencies import clients, federation, hosts, members
from agencies.clients import NewClient
from agencies.duties import scopes_from
from agencies.federation import NewProvider
from agencies.hosts import Host
from agencies.identity import hash_password, new_password, new_secret
from agencies.members import Kind
from agencies.models import Member, Membership, Unit
from agencies.register import Entered, enter, read
from agencies.seats import Refused, Seat


@dataclass(frozen=True, slots=True)
class NewMember:
    """Who was added; ``password`` is told this once, None for a system."""

    member_id: UUID
    membership_id: UUID
    user_name: str
    password: str | None


@dataclass(frozen=True, slots=True)
class NewToken:
    """A bearer token, told this once."""

    token: str
    membership_id: UUID
    scopes: tuple[str, ...]
    expires_at: datetime


@asynccontextmanager
async def directory(url: str) -> AsyncIterator[AsyncConnection]:
    """One transaction on the directory; ``url``: as its owner (``referral_migrator``)."""
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"), poolclass=NullPool, hide_parameters=True
    )
    try:
        async with engine.begin() as connection:
            yield connection
    finally:
        await engine.dispose()


async def add_member(
    url: str, country: str, user_name: str, name: str, seat: Seat, on: date, *, kind: Kind
) -> NewMember | Refused:
    """A new member with a first role and a random password."""
    password = new_password() if kind is Kind.PERSON else None
    hashed = await asyncio.to_thread(hash_password, password) if password else None
    async with directory(url) as connection:
        added = await members.add(
            connection, country, user_name, name, seat, on, password_hash=hashed, kind=kind
        )
    if isinstance(added, Refused):
        return added
    return NewMember(added.member_id, added.membership_id, user_name, password)


async def issue_token(
    url: str, user_name: str, name: str, scopes: Iterable[str], at: datetime, until: datetime
) -> NewToken | Refused:
    """A bearer token for the one membership this member has. Raises ValueError for a scope."""
    allowed = sorted(scopes_from(scopes))
    async with directory(url) as connection:
        seats = await _seats(connection, user_name, at.date())
        if len(seats) != 1:
            return _which(user_name, seats)
        secret, (membership,) = new_secret(), seats
        issued = await connection.exec_driver_sql(
            "SELECT agencies.issue_token($1, $2, $3, $4, $5, $6)",
            (secret.digest, membership, name, allowed, at, until),
        )
        if not issued.scalar_one():
            return Refused(
                "not-in-standing", f"{user_name} may not sign in, so no token was issued."
            )
    return NewToken(secret.text, membership, tuple(allowed), until)


async def _seats(connection: AsyncConnection, user_name: str, on: date) -> dict[UUID, str]:
    """The memberships in force, each with what it is."""
    found = await connection.execute(
        select(Membership.id, Membership.role, Unit.name)
        .join(Member, Member.id == Membership.member_id)
        .join(Unit, Unit.id == Membership.unit_id)
        .where(
            Member.user_name == user_name.lower(),
            Membership.valid_from <= on,
            or_(Membership.valid_until.is_(None), Membership.valid_until > on),
        )
    )
    return {row.id: f"{row.role} of {row.name}" for row in found}


def _which(user_name: str, seats: dict[UUID, str]) -> Refused:
    if not seats:
        return Refused("unknown-member", f"Nobody called {user_name} has a role in force today.")
    named = "; ".join(sorted(seats.values()))
    return Refused(
        "several-roles",
        f"{user_name} has several roles ({named}) and a token acts in one. Add a member of kind "
        "system for it: members add --system.",
    )


async def import_register(url: str, file: Path, on: date) -> Entered:
    """A register of agencies, YAML or CSV, entered as it stands from this day.

    Raises OSError when the file cannot be opened.
    """
    register = await asyncio.to_thread(read, file)
    async with directory(url) as connection:
        return await enter(connection, register, on)


async def keep_provider(url: str, given: NewProvider) -> UUID | Refused:
    """An identity provider, entered or changed."""
    async with directory(url) as connection:
        return await federation.keep(connection, given)


async def providers(url: str) -> list[dict[str, Any]]:
    """Every identity provider."""
    async with directory(url) as connection:
        return await federation.every(connection)


async def end_provider(url: str, key: str) -> int | Refused:
    """Out of use, with every session that stands on its word."""
    async with directory(url) as connection:
        return await federation.end(connection, key)


async def add_client(
    url: str, user_name: str, scopes: Iterable[str], keys: dict[str, Any] | None, at: datetime
) -> NewClient | Refused:
    """A client for an agency's system; its secret is told this once."""
    async with directory(url) as connection:
        return await clients.add(connection, user_name, scopes, keys, at)


async def end_client(url: str, client_id: str, at: datetime) -> int | Refused:
    """Out of use, with its tokens."""
    async with directory(url) as connection:
        return await clients.end(connection, client_id, at)


async def allow_host(url: str, host: Host) -> None:
    """A host that agencies' endpoints may be at."""
    async with directory(url) as connection:
        await hosts.allow(connection, host)


async def forbid_host(url: str, host: Host) -> Refused | None:
    """Not any more."""
    async with directory(url) as connection:
        return await hosts.forbid(connection, host)


async def webhook_hosts(url: str) -> list[Host]:
    """Every such host."""
    async with directory(url) as connection:
        return await hosts.every(connection)
