"""The cast: invented people in every role, for the training system and the tests' stories.

Never for production: whoever loads it holds everybody's password.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.duties import Role
from agencies.identity import hash_made, new_password
from agencies.members import add
from agencies.models import Agency, Member, Membership, Unit
from agencies.register import COUNTRIES
from agencies.register.tree import Notes, Tree, parse
from agencies.seats import Refused, Seat

FILE: Final = COUNTRIES / "cast.yaml"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the cast, before anybody plays it."""

    country: str
    key: str  # what the part is called: inspector, outsider
    name: str
    seat: Seat

    @property
    def user_name(self) -> str:
        """What the player signs in with."""
        return f"{self.key}.{self.country.lower()}"


@dataclass(frozen=True, slots=True)
class Player:
    """A part with its member; ``password`` is told once, None for who was there already."""

    part: Part
    member_id: UUID
    membership_id: UUID
    unit_id: UUID
    agency_name: str
    unit_name: str
    password: str | None


def parts(countries: Sequence[str]) -> list[Part]:
    """The parts written for these countries (ISO 3166-1), in the order of the file.

    Raises ValueError when the file is broken, naming every line.
    """
    notes = Notes(FILE.name)
    tree = parse(FILE.read_bytes(), notes)
    found = list(_parts(tree)) if tree else []
    if notes.problems:
        raise ValueError("\n".join(str(problem) for problem in sorted(notes.problems)))
    return [part for part in found if part.country in countries]


async def load_cast(
    connection: AsyncConnection,
    countries: Sequence[str],
    on: date,
    *,
    hash_with: Callable[[str], str] = hash_made,
) -> list[Player]:
    """Everybody in the cast of these countries, with a new random password each; idempotent.

    The connection must be the owner's. Raises ValueError when the directory lacks a part's agency.
    """
    players, cast = await _players(connection), parts(countries)
    for part in cast:
        if part.user_name in players:
            continue
        password = new_password()
        added = await add(
            connection,
            part.country,
            part.user_name,
            part.name,
            part.seat,
            on,
            password_hash=hash_with(password),
        )
        if isinstance(added, Refused):
            message = f"{part.user_name} cannot be cast: {added.explanation}"
            raise ValueError(message)  # noqa: TRY004 - the file is wrong, not a type
        players[part.user_name] = password
    return await _seated(connection, cast, players)


def _parts(tree: Tree) -> Iterator[Part]:
    for country, cast in tree.parts().items():
        for key, given in cast.parts().items():
            part = given.named(("name", "agency", "role", "unit"), ("name", "agency", "role"))
            role = part["role"].text()
            if role not in {known.value for known in Role}:
                given.notes.add(given.line, f"{role!r} is no role.", f"Allowed: {', '.join(Role)}.")
                continue
            seat = Seat(part["agency"].text(), Role(role), part["unit"].text() or None)
            yield Part(country, key, part["name"].text(), seat)


async def _players(connection: AsyncConnection) -> dict[str, str | None]:
    """Who is there already, without a password to tell."""
    return dict.fromkeys(await connection.scalars(select(Member.user_name)))


async def _seated(
    connection: AsyncConnection, cast: Sequence[Part], passwords: dict[str, str | None]
) -> list[Player]:
    found = await connection.execute(
        select(
            Member.user_name,
            Member.id.label("member_id"),
            Membership.id.label("membership_id"),
            Unit.id.label("unit_id"),
            Agency.name.label("agency_name"),
            Unit.name.label("unit_name"),
        )
        .join(Membership, Membership.member_id == Member.id)
        .join(Unit, Unit.id == Membership.unit_id)
        .join(Agency, Agency.id == Membership.agency_id)
        .where(Member.user_name.in_([part.user_name for part in cast]))
        .order_by(Membership.valid_from.desc())
    )
    seats = {row.user_name: row for row in found}
    return [
        Player(
            part,
            seats[part.user_name].member_id,
            seats[part.user_name].membership_id,
            seats[part.user_name].unit_id,
            seats[part.user_name].agency_name,
            seats[part.user_name].unit_name,
            passwords[part.user_name],
        )
        for part in cast
    ]
