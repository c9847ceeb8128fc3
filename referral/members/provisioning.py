"""People of an agency as its identity provider sends them: added, changed, shut out, charged.

Each verb names the caller's token to the database, which asks its tables which agency it may
provision; nobody of another agency exists for it. What takes two people is only asked for here. It
must never know a case, nor how SCIM is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID, uuid4

from agencies.duties import Role
from agencies.identity import digest_of
from agencies.members import USER_NAME
from referral.audit import Done
from referral.audit.streams import log_own
from referral.database import as_json, scalar
from referral.session import Actor, ReadSession, WriteSession

LONGEST_NAME: Final = 200
LONGEST_ID: Final = 255


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, as her agency's provider knows her here. ``groups``: (unit, its name, role)."""

    id: UUID
    user_name: str
    name: str
    external_id: str | None
    active: bool
    subject: str | None
    groups: tuple[tuple[UUID, str, str], ...]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """As the database tells it."""
        groups = tuple((UUID(one["unit"]), one["name"], one["role"]) for one in row["groups"])
        return cls(
            UUID(row["id"]),
            row["user_name"],
            row["name"],
            row["external_id"],
            row["active"],
            row["subject"],
            groups,
        )


@dataclass(frozen=True, slots=True)
class Group:
    """Who has this role in this unit: (member, name)."""

    unit: UUID
    name: str
    role: str
    members: tuple[tuple[UUID, str], ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the provider wants somebody to be."""

    user_name: str
    name: str
    external_id: str | None
    active: bool
    subject: str | None

    def wrong(self) -> str | None:
        """What is wrong with it, in words."""
        if not USER_NAME.fullmatch(self.user_name):
            return "userName has 2 to 100 letters, digits, dots, hyphens, _ or @."
        if not 1 < len(self.name) <= LONGEST_NAME or not self.name.isprintable():
            return "displayName (or name) has 2 to 200 characters."
        for told in (self.external_id, self.subject):
            if told is not None and not (0 < len(told) <= LONGEST_ID and told.isprintable()):
                return "externalId and subject have 1 to 255 characters."
        return None


async def people(
    session: ReadSession,
    secret: str,
    *,
    now: datetime,
    user_name: str | None = None,
    external_id: str | None = None,
    skip: int = 0,
    most: int = 100,
) -> tuple[int, list[Person]] | None:
    """How many there are, and a page of them; None: this token provisions nobody."""
    row = await as_json(
        session.connection,
        "SELECT agencies.scim_users($1, NULL, $2, $3, $4, $5, $6)",
        *(digest_of(secret), user_name, external_id, skip, most, now),
    )
    return None if row is None else (row["total"], [Person.of(one) for one in row["users"]])


async def person(
    session: ReadSession, secret: str, member: UUID, *, now: datetime
) -> Person | None:
    """One of the agency's people; None: nobody of hers."""
    row = await as_json(
        session.connection,
        "SELECT agencies.scim_users($1, $2, NULL, NULL, 0, 1, $3)",
        *(digest_of(secret), member, now),
    )
    found = row["users"] if row else []
    return Person.of(found[0]) if found else None


async def groups(
    session: ReadSession,
    secret: str,
    *,
    now: datetime,
    unit: UUID | None = None,
    role: str | None = None,
) -> list[Group]:
    """Every unit with every role, or one of them."""
    rows = await as_json(
        session.connection,
        "SELECT agencies.scim_groups($1, $2, $3, $4)",
        *(digest_of(secret), unit, role, now),
    )
    return [
        Group(
            UUID(row["unit"]),
            row["name"],
            row["role"],
            tuple((UUID(one["id"]), one["name"]) for one in row["members"]),
        )
        for row in rows
    ]


async def create(
    session: WriteSession, actor: Actor, secret: str, wanted: Wanted, *, now: datetime
) -> UUID | str:
    """Somebody new, without a role; or the word for why not."""
    member = uuid4()
    told = await _ask(
        session,
        "scim_create($1, $2, $3, $4, $5, $6)",
        *(digest_of(secret), member, wanted.user_name, wanted.name, wanted.external_id, now),
    )
    if told != "created":
        return told
    await log_own(session, actor, Done.ADMITTED, now=now, about=member)
    found = await person(session, secret, member, now=now)
    if found is None:
        return "unknown"
    refused = await _rest(session, actor, secret, found, wanted, now)
    return refused or member


async def change(
    session: WriteSession,
    actor: Actor,
    secret: str,
    found: Person,
    wanted: Wanted,
    *,
    now: datetime,
) -> str | None:
    """Somebody made what the provider wants; None, or the word for why not."""
    if (found.user_name, found.name, found.external_id) != (
        wanted.user_name,
        wanted.name,
        wanted.external_id,
    ):
        told = await _ask(
            session,
            "scim_change($1, $2, $3, $4, $5, $6)",
            *(digest_of(secret), found.id, wanted.user_name, wanted.name, wanted.external_id, now),
        )
        if told != "changed":
            return told
        await log_own(session, actor, Done.PROVISIONED, now=now, about=found.id)
    return await _rest(session, actor, secret, found, wanted, now)


async def _rest(
    session: WriteSession,
    actor: Actor,
    secret: str,
    found: Person,
    wanted: Wanted,
    now: datetime,
) -> str | None:
    if found.subject != wanted.subject:
        told = await _ask(
            session,
            "scim_bind($1, $2, $3, $4)",
            *(digest_of(secret), found.id, wanted.subject, now),
        )
        if told not in {"bound", "unbound"}:
            return told
        act = Done.SUBJECT_BOUND if told == "bound" else Done.SUBJECT_UNBOUND
        await log_own(session, actor, act, now=now, about=found.id)
    if found.active != wanted.active:
        told = await _ask(
            session, "scim_active($1, $2, $3, $4)", digest_of(secret), found.id, wanted.active, now
        )
        if told != "done":
            return told
        act = Done.ENABLED if wanted.active else Done.DISABLED
        await log_own(session, actor, act, now=now, about=found.id)
    return None


async def join(
    session: WriteSession,
    actor: Actor,
    secret: str,
    group: Group,
    member: UUID,
    *,
    now: datetime,
) -> str | None:
    """The role given, or asked for where it takes two; None, or the word for why not."""
    told = await _ask(
        session,
        "scim_join($1, $2, $3, $4, $5, $6)",
        *(digest_of(secret), uuid4(), member, group.unit, Role(group.role).value, now),
    )
    if told not in {"given", "asked"}:
        return None if told == "already-held" else told
    act = Done.ROLE_GIVEN if told == "given" else Done.ROLE_ASKED
    await log_own(session, actor, act, now=now, about=member, role=group.role)
    return None


async def leave(
    session: WriteSession,
    actor: Actor,
    secret: str,
    group: Group,
    member: UUID,
    *,
    now: datetime,
) -> None:
    """The role ends today; whoever has it not is left as she is."""
    told = await _ask(
        session,
        "scim_leave($1, $2, $3, $4, $5)",
        *(digest_of(secret), member, group.unit, group.role, now),
    )
    if told == "ended":
        await log_own(session, actor, Done.ROLE_ENDED, now=now, about=member)


async def _ask(session: WriteSession, call: str, *values: Any) -> str:
    return str(await scalar(session.connection, f"SELECT agencies.{call}", *values))
