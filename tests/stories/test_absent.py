"""Nothing waits for somebody who is away: her deputy acts, who is on duty, or the whole unit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from referral import casework
from referral.casework import Said
from referral.errors import Refusal
from tests.cast import House, asked, child_at_work
from tests.conftest import HandSetClock

WINNIE = "social_worker"


async def colleague(house: House, name: str) -> UUID:
    """Somebody else in Winnie's unit, with a token as the cast has them."""
    member, seat = uuid4(), uuid4()
    await house.rows(
        "INSERT INTO agencies.member (id, country, kind, user_name, name, active) "
        "VALUES ($1, 'ZZ', 'person', $2 || '.zz', $2, true)",
        *(member, name),
    )
    await house.rows(
        "INSERT INTO agencies.membership (id, member_id, agency_id, unit_id, role, valid_from) "
        "SELECT $1, $2, agency_id, unit_id, 'OFFICER', valid_from FROM agencies.membership "
        "WHERE id = $3",
        *(seat, member, house.player(WINNIE).membership_id),
    )
    await house.rows(
        "SELECT agencies.issue_token(sha256(convert_to('token of ' || $1 || '.zz', 'UTF8')), $2, "
        "'tests', ARRAY['hand_offs:write'], $3, $4)",
        *(name, seat, house.at(), house.at() + timedelta(days=30)),
    )
    return seat


@pytest.fixture
async def held(house: House) -> UUID:
    """Winnie has accepted, so the child is hers to act for."""
    filed = await house.manages("inspector", casework.file, child_at_work())
    hand_off = asked(filed, "ZZ-C01")
    await house.manages(WINNIE, casework.accept, hand_off, Said())
    return hand_off


async def starts(house: House, who: str, hand_off: UUID) -> Any:
    return await house.does(who, casework.start, hand_off, Said())


async def away(house: House, deputy: UUID | None, *, last: int = 5, by: str = WINNIE) -> str:
    """Winnie says so herself, or somebody for her: where that led, or what was said."""
    client = await house.browser(by)
    page = await client.get("/account")
    csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    today = house.at().date()
    answer = await client.post(
        "/members/absences",
        data={
            "csrf": csrf,
            "away-seat": str(house.player(WINNIE).membership_id),
            "away-first": today.isoformat(),
            "away-last": (today + timedelta(days=last)).isoformat(),
            "away-deputy": str(deputy or ""),
            "back": "/account",
        },
    )
    assert answer.status_code in {303, 403, 409}, answer.text
    return str(answer.headers.get("location", answer.text))


async def test_while_she_is_there_only_she_acts(house: House, held: UUID) -> None:
    await colleague(house, "dora")
    assert isinstance(await starts(house, "dora", held), Refusal)
    assert not isinstance(await starts(house, WINNIE, held), Refusal)


async def test_her_deputy_acts_while_she_is_away_and_nobody_else(house: House, held: UUID) -> None:
    dora = await colleague(house, "dora")
    await colleague(house, "kurt")
    assert "done=noted" in await away(house, dora)
    assert isinstance(await starts(house, "kurt", held), Refusal)
    assert not isinstance(await starts(house, "dora", held), Refusal)


async def test_she_may_still_act_herself(house: House, held: UUID) -> None:
    await away(house, await colleague(house, "dora"))
    assert not isinstance(await starts(house, WINNIE, held), Refusal)


async def test_without_a_deputy_who_is_there_whoever_is_on_duty_acts(
    house: House, held: UUID
) -> None:
    dora, kurt = await colleague(house, "dora"), await colleague(house, "kurt")
    await away(house, dora)
    await house.rows("UPDATE agencies.member SET active = false WHERE name = 'dora'")
    today = house.at().date()
    await house.rows(
        "INSERT INTO agencies.duty SELECT gen_random_uuid(), unit_id, id, $2, $3, id, $4 "
        "FROM agencies.membership WHERE id = $1",
        *(kurt, today, today + timedelta(days=1), house.at()),
    )
    await colleague(house, "lars")
    assert isinstance(await starts(house, "lars", held), Refusal)
    assert not isinstance(await starts(house, "kurt", held), Refusal)


async def test_without_anybody_named_the_whole_unit_acts(house: House, held: UUID) -> None:
    await colleague(house, "dora")
    await away(house, None)
    assert not isinstance(await starts(house, "dora", held), Refusal)


@pytest.mark.parametrize(
    "gone",
    [
        "UPDATE agencies.member SET active = false WHERE id = $1",
        "UPDATE agencies.membership SET valid_until = valid_from WHERE member_id = $1",
    ],
)
async def test_who_is_disabled_or_has_left_leaves_nothing_stuck(
    house: House, held: UUID, gone: str
) -> None:
    await colleague(house, "dora")
    await house.rows(gone, house.player(WINNIE).member_id)
    assert not isinstance(await starts(house, "dora", held), Refusal)


async def test_when_she_is_back_it_is_hers_again(
    house: House, held: UUID, at: HandSetClock
) -> None:
    dora = await colleague(house, "dora")
    await away(house, dora, last=2)
    at.forward(days=3)
    assert isinstance(await starts(house, "dora", held), Refusal)
    assert not isinstance(await starts(house, WINNIE, held), Refusal)


async def test_nobody_outside_her_unit_stands_in(house: House, held: UUID) -> None:
    outsider = house.player("outsider").membership_id
    assert "same unit" in await away(house, outsider)
    assert isinstance(await starts(house, "outsider", held), Refusal)


async def test_the_page_offers_her_deputy_what_she_may_do(house: House, held: UUID) -> None:
    dora = await colleague(house, "dora")
    before = {act.value for act in (await house.sees("dora", held)).acts}
    await away(house, dora)
    after = {act.value for act in (await house.sees("dora", held)).acts}
    assert "start" in after - before


async def test_a_supervisor_notes_it_for_her_and_one_of_another_unit_cannot(
    house: House, held: UUID
) -> None:
    dora = await colleague(house, "dora")
    assert "This is for somebody else to do" in await away(house, dora, by="supervisor")
    assert isinstance(await starts(house, "dora", held), Refusal)
    assert "done=noted" in await away(house, dora, by="protection_supervisor")
    assert not isinstance(await starts(house, "dora", held), Refusal)
