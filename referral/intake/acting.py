"""Somebody at work without a browser: a token of one member, for as long as a command takes.

The token is hers, never leaves this process and ends with the command; every write goes through
the same functions and the same row security as her own. What this file must never know: what is
imported.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from agencies.duties import Scope
from agencies.identity import new_secret
from referral.database import as_json, scalar
from referral.entry import Installation
from referral.session import Actor, WriteSession

LIVES: Final = timedelta(hours=12)  # the secret never leaves this process

_SEATS: Final = (
    "SELECT coalesce(jsonb_agg(a.membership_id ORDER BY a.valid_from), '[]') FROM agencies.actor a "
    "WHERE lower(a.user_name) = lower($1) AND a.active AND a.role IN ('OFFICER', 'SUPERVISOR') "
    "AND a.country = $3 AND EXISTS "
    "(SELECT FROM agencies.mandate m WHERE m.unit_id = a.unit_id AND m.mandate = $2) "
    "AND a.valid_from <= ($4 AT TIME ZONE a.time_zone)::date "
    "AND (a.valid_until IS NULL OR ($4 AT TIME ZONE a.time_zone)::date < a.valid_until)"
)


class NotAMember(Exception):
    """There is nobody of that name who could file these records: what is needed instead."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member at work. One transaction per ``turn``, committed at its end like a door's."""

    installation: Installation
    credential: bytes

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[tuple[WriteSession, Actor, datetime]]:
        """One transaction as this member, and the moment it is in."""
        house, now = self.installation, self.installation.clock()
        async with house.engine.connect() as connection, connection.begin():
            row = await as_json(
                connection, "SELECT referral.begin_actor($1, $2)", self.credential, now
            )
            if row is None:
                raise NotAMember("The membership ended meanwhile; nothing more was done.")
            session = WriteSession(connection, house.vault, house.catalogue, str(uuid4()))
            yield session, Actor.from_row(row), now


@asynccontextmanager
async def at_work(
    installation: Installation, user_name: str, country: str, mandate: str
) -> AsyncIterator[Member]:
    """A member of the unit charged with this mandate. Raises NotAMember when there is none."""
    async with installation.engine.connect() as connection, connection.begin():
        now = installation.clock()
        seats = await as_json(connection, _SEATS, user_name, mandate, country, now)
    if not seats:
        raise NotAMember(
            f"“{user_name}” is no officer or supervisor of a unit of {country} charged with "
            f"{mandate}, and these records are that unit's. Name one of its members."
        )
    async with _with_token(
        installation, UUID(seats[0]), "import of records", Scope.CASES_WRITE
    ) as at:
        yield at


_COORDINATORS: Final = (
    "SELECT coalesce(jsonb_agg(a.membership_id ORDER BY a.user_name), '[]') FROM agencies.actor a "
    "WHERE a.active AND a.role = 'COORDINATOR' AND a.country = $1 "
    "AND lower(a.user_name) = coalesce(lower($2), lower(a.user_name)) "
    "AND a.valid_from <= ($3 AT TIME ZONE a.time_zone)::date "
    "AND (a.valid_until IS NULL OR ($3 AT TIME ZONE a.time_zone)::date < a.valid_until)"
)


@asynccontextmanager
async def coordinating(
    installation: Installation,
    user_name: str | None,
    country: str,
    what: str = "replay of history",
) -> AsyncIterator[Member]:
    """The country's coordinator, or this one of several. Raises NotAMember when none is meant."""
    async with installation.engine.connect() as connection, connection.begin():
        now = installation.clock()
        seats = await as_json(connection, _COORDINATORS, country, user_name, now)
    if len(seats) != 1:
        known = f"“{user_name}” is no coordinator" if user_name else "nobody, or several are"
        raise NotAMember(f"{known} of {country}: name one coordinator with --as.")
    scope = Scope.DIRECTORY_READ
    async with _with_token(installation, UUID(seats[0]), what, scope) as at:
        yield at


@asynccontextmanager
async def _with_token(
    installation: Installation, membership: UUID, what: str, scope: Scope
) -> AsyncIterator[Member]:
    """A token of hers that ends with what it was made for."""
    now, secret = installation.clock(), new_secret()
    async with installation.engine.connect() as connection, connection.begin():
        await scalar(
            connection,
            "SELECT agencies.issue_token($1, $2, $3, $4::text[], $5, $6)",
            *(secret.digest, membership, what, [scope.value], now, now + LIVES),
        )
    try:
        yield Member(installation, secret.digest)
    finally:
        async with installation.engine.connect() as connection, connection.begin():
            ended = installation.clock()
            await scalar(connection, "SELECT agencies.revoke_token($1, $2)", secret.digest, ended)
