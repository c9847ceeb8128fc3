"""Who there is: people and systems, added with a first role, and their access ended.

1. A refusal is a value that says what would be possible; nothing was changed then.
2. Ending access is immediate and total: sign-in, sessions, tokens.
3. The connection must be the owner's (the migration role): the app may only read members.
4. What this file must never know: cases, pages, today's date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.grants import OPERATOR, Grant, second_person
from agencies.models import ApiToken, Member, Membership, Session
from agencies.seats import Refused, Seat, begin, seated_at

USER_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{1,99}")


class Kind(StrEnum):
    """A person signs in; a system has tokens only and never satisfies a step-up."""

    PERSON = "person"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Added:
    """The new member and the first membership."""

    member_id: UUID
    membership_id: UUID


async def add(
    connection: AsyncConnection,
    country: str,
    user_name: str,
    name: str,
    seat: Seat,
    on: date,
    *,
    password_hash: str | None = None,
    kind: Kind = Kind.PERSON,
    grant: Grant = OPERATOR,
) -> Added | Refused:
    """A new member with a first role from ``on``; ``password_hash`` is argon2id or None."""
    refused = _name_refused(user_name, password_hash, kind) or second_person(seat.role, grant)
    if refused:
        return refused
    namesake = select(Member.id).where(func.lower(Member.user_name) == user_name)
    if await connection.scalar(namesake) is not None:
        return Refused(
            "user-name-taken", f"Somebody is called {user_name} already: choose another."
        )
    place = await seated_at(connection, country, seat)
    if isinstance(place, Refused):
        return place
    added = Added(uuid4(), uuid4())
    await connection.execute(
        insert(Member).values(
            id=added.member_id,
            country=country,
            kind=kind.value,
            user_name=user_name,
            name=name,
            password_hash=password_hash,
            active=True,
        )
    )
    await begin(connection, added.membership_id, added.member_id, place, seat.role, on)
    return added


async def disable(connection: AsyncConnection, member_id: UUID, at: datetime) -> bool:
    """End all access at once: sign-in, sessions, tokens. False when nobody has this id."""
    found = await connection.execute(
        update(Member).where(Member.id == member_id).values(active=False).returning(Member.id)
    )
    if found.one_or_none() is None:
        return False
    own = select(Membership.id).where(Membership.member_id == member_id)
    await connection.execute(delete(Session).where(Session.membership_id.in_(own)))
    revoked = update(ApiToken).where(ApiToken.membership_id.in_(own), ApiToken.revoked_at.is_(None))
    await connection.execute(revoked.values(revoked_at=at))
    return True


def _name_refused(user_name: str, password_hash: str | None, kind: Kind) -> Refused | None:
    if not USER_NAME.fullmatch(user_name):
        explanation = "A user name has 2 to 100 small letters, digits, dots, hyphens, _ or @."
        return Refused("user-name-malformed", explanation)
    if kind is Kind.SYSTEM and password_hash is not None:
        return Refused(
            "system-has-no-password", "A system signs in by token only: leave the password out."
        )
    return None
