"""Who serves a mandate, asked of a register that was only read: the same as the database says."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.directory import Ask, serving
from agencies.register import COUNTRIES, Register, enter, read
from agencies.register.lookup import who_serves

TODAY = date(2026, 11, 6)
ZEDLAND = read(COUNTRIES / "zz.yaml")
ARGENTINA = read(COUNTRIES / "ar.yaml")


def key_of(mandate: str, place: str, *, national: bool = False, on: date = TODAY) -> str | None:
    found = who_serves(ZEDLAND, mandate, place, on, national=national)
    return found.body.key if found else None


def test_the_nearest_body_serves_then_those_outwards() -> None:
    assert key_of("POLICE", "ZZ-N") == "POLICE-ZZ-N"
    assert key_of("POLICE", "ZZ-N-PORT") == "POLICE-ZZ-N"
    assert key_of("RIVER_POLICE", "ZZ-E") == "RIVER-POLICE"  # through the group
    assert key_of("POLICE", "ZZ-Q") == key_of("POLICE", "ZZ")  # nobody has listed the place


def test_a_declared_fall_back_serves_and_nobody_is_the_national_one_flagged() -> None:
    assert key_of("CHILD_PROTECTION", "ZZ-W") == "CHILDREN"
    found = who_serves(ZEDLAND, "HEALTH", "ZZ-W", TODAY)
    assert found is not None
    assert (found.body.key, found.no_agency) == ("COUNCIL", True)
    assert found.desk.name == "Duty desk"


def test_before_anybody_was_charged_nobody_serves() -> None:
    assert key_of("POLICE", "ZZ-N", on=date(1990, 1, 1)) is None


@pytest.mark.parametrize("register", [ZEDLAND, ARGENTINA], ids=["ZZ", "AR"])
async def test_the_answer_is_the_databases(owner: AsyncConnection, register: Register) -> None:
    mine = register
    await enter(owner, mine, TODAY)
    mandates = sorted({charge.mandate for body in mine.bodies for charge in body.charges})
    places = sorted(place.code for place in mine.places if place.kind != "group")
    asks = [
        Ask(mandate, place, national=national)
        for mandate in mandates
        for place in places
        for national in (False, True)
    ]
    for ask, answer in zip(asks, await serving(owner, asks, TODAY), strict=True):
        found = who_serves(mine, ask.mandate, ask.jurisdiction, TODAY, national=ask.national)
        assert (found.body.key if found else None) == (
            answer.unit.agency_key if answer.unit else None
        ), ask
        assert found is None or found.no_agency == answer.no_agency
        assert found is None or found.desk.name == answer.unit.unit_name  # type: ignore[union-attr]
