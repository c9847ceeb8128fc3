"""Who serves a mandate at a place, asked of a register that was only read, without a database.

The order of looking is that of the database's function ``agencies.serving``: the place itself,
outwards through groups and parents, declared fall-backs, at last the national fall-back. What this
file must never know: how the register was spelled, a case, a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from agencies.directory import NATIONAL_FALL_BACK
from agencies.register.entries import Body, Charge, Desk, Register


@dataclass(frozen=True, slots=True)
class Found:
    """A body with the desk that receives. ``no_agency``: nobody holds the mandate there."""

    body: Body
    desk: Desk
    no_agency: bool


_Rank = tuple[int, int, int, str]
_LAST: Final = 2  # tiers: charged, declared fall-back, national fall-back


def who_serves(
    register: Register, mandate: str, place: str, on: date, *, national: bool = False
) -> Found | None:
    """The first in line; None when the country has not even a national fall-back."""
    country = register.country or place[:2]
    scope = dict(_outwards(register, country if national else place, country))
    ranked = sorted(_line(register, mandate, scope, country, on), key=lambda one: one[0])
    if not ranked:
        return None
    rank, body, charge = ranked[0]
    desk = next(desk for desk in body.desks if desk.key == charge.desk)
    return Found(body, desk, rank[0] == _LAST)


def _line(
    register: Register, mandate: str, scope: dict[str, int], country: str, on: date
) -> Iterator[tuple[_Rank, Body, Charge]]:
    for body in register.bodies:
        if not body.valid_from <= on < (body.valid_until or date.max):
            continue
        for charge in body.charges:
            if not charge.valid_from <= on < (charge.valid_until or date.max):
                continue
            if charge.mandate == mandate and charge.place in scope:
                tier, far = int(charge.fall_back), scope[charge.place]
                yield (tier, far, charge.priority, body.key), body, charge
            elif charge.mandate == NATIONAL_FALL_BACK and charge.place == country:
                yield (_LAST, 0, charge.priority, body.key), body, charge


def _outwards(register: Register, place: str, country: str) -> Iterator[tuple[str, int]]:
    """The place, the groups it is in, its parent and so on; unlisted places are the country."""
    places = {one.code: one for one in register.places}
    here: str | None = place if place in places else country
    steps = 0
    while here is not None:
        yield here, 2 * steps
        for group in register.places:
            if here in group.members:
                yield group.code, 2 * steps + 1
        found = places.get(here)
        here, steps = found.parent if found else None, steps + 1
