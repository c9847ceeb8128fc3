"""In every country: an inspector finds a child at work, and social services take her over."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from referral import casework, queries
from referral.casework import Filed, Intake, PersonTold
from tests.cast import House

YEARS = {"th": "2569"}
PLACES = {"zz": "ZZ-N", "ar": "AR-N", "lr": "LR-MO", "py": "PY-7", "th": "TH-74"}


@pytest.mark.parametrize("country", PLACES)
async def test_a_child_at_work_reaches_somebody_who_takes_her_over(
    house: House, country: str
) -> None:
    filed = await house.does("inspector", casework.file, _child(PLACES[country]), country=country)
    assert isinstance(filed, Filed), filed
    assert filed.persons[0].findings["CL"]["result"] == "indicated"
    assert all(ask.sources for ask in filed.asks), "everything asked cites its source"

    taken = None
    for part in sorted({one.part.key for one in house.players.values() if _in(one, country)}):
        async with house.acting(part, country) as (_, actor):
            units = {UUID(ask.unit_id): UUID(ask.hand_off_id) for ask in filed.asks}
            asked = units.get(actor.unit_id)
        if asked is not None and taken is None:
            taken = await house.does(part, casework.accept, asked, country=country)
            assert getattr(taken, "state", taken) == "accepted"
    assert taken is not None, [ask.mandate for ask in filed.asks]

    async with house.acting("inspector", country) as (session, actor):
        letter = await queries.letter_of(
            session, actor, UUID(filed.asks[0].hand_off_id), now=house.at()
        )
    assert isinstance(letter, queries.LetterSeen), letter
    assert filed.reference in letter.text
    assert YEARS.get(country, "2026") in letter.text, "written as the country counts its years"

    async with house.acting("outsider", country) as (session, actor):
        shut = await queries.case_seen(session, actor, UUID(filed.case_id), now=house.at())
    assert getattr(shut, "status", 200) == 404


def _in(player: object, country: str) -> bool:
    part = player.part  # type: ignore[attr-defined]
    return bool(part.country == country.upper() and part.seat.role.value == "OFFICER")


def _child(place: str) -> Intake:
    facts = {"age": 12, "works": True, "econ_hours": 40, "beneficiary": "other"}
    return Intake(client_id=uuid4(), place=place, reported="CL", persons=(PersonTold(facts=facts),))
