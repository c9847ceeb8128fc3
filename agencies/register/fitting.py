"""What of a register fits the directory as it stands, and in which order it can go in.

What this file must never know: how the register was spelled, and what becomes of what fits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.models import Jurisdiction
from agencies.register.entries import Body, Problem, Register
from agencies.register.stored import Entered

_E = TypeVar("_E")


async def fitting(
    connection: AsyncConnection,
    register: Register,
    country: str,
    stored: frozenset[str],
    entered: Entered,
) -> list[Body]:
    """The bodies whose parent and places are known, parents first; the others become problems."""
    found = await connection.execute(
        select(Jurisdiction.code).where(Jurisdiction.country == country)
    )
    places = frozenset(found.scalars())
    known = stored | {body.key for body in register.bodies}
    good: list[Body] = []
    problems: list[Problem] = []
    for body in register.bodies:
        if body.parent is not None and body.parent not in known:
            message = f"{body.key}: nobody knows its parent {body.parent}; the agency was left out."
            problems.append(Problem(register.file, body.line, message, "Import the parent first."))
            continue
        strange = [charge for charge in body.charges if charge.place not in places]
        for charge in strange:
            message = f"{body.key} serves {charge.mandate} in {charge.place}, an unknown place."
            problems.append(
                Problem(register.file, charge.line, message, "Import the country's places first.")
            )
        good.append(replace(body, charges=tuple(c for c in body.charges if c not in strange)))
    entered.problems = tuple(sorted({*entered.problems, *problems}))
    return parents_first(good, {body.key: body.parent for body in good}, lambda body: body.key)


def parents_first(
    entries: Iterable[_E], parents: Mapping[str, str | None], key_of: Callable[[_E], str]
) -> list[_E]:
    """The entries ordered so that none comes before what it stands under."""

    def depth(key: str | None, left: int = 20) -> int:
        return 0 if key is None or left == 0 else 1 + depth(parents.get(key), left - 1)

    return sorted(entries, key=lambda entry: depth(key_of(entry)))
