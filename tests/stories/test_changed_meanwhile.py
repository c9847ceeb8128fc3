"""While a form lies open somebody's role, seat or account changes: what she sends then is refused.

Rights are read again at each request, so a page that was right when it was loaded gives none. And
who sits in two agencies is in one of them at a time: the other's case does not exist for her there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from agencies.members import disable
from referral import casework
from referral.administration import directory
from tests.cast import House, asked, child_at_work
from tests.referral.web.visiting import Seen, Visitor

WINNIE, OTTO = "social_worker", "outsider"


async def trail(house: House) -> list[Any]:
    """What stands of the case: every act on it, and the state of what was asked."""
    acts = await house.rows(
        "SELECT act FROM referral.audit_entry WHERE act NOT LIKE 'member.%' "
        "AND act <> 'act.refused' ORDER BY seq"
    )
    states = await house.rows(
        "SELECT id, state, receiver_member FROM referral.hand_off ORDER BY id"
    )
    held = await house.rows("SELECT holder_unit, holder_member FROM referral.referral ORDER BY id")
    return [tuple(row) for row in (*acts, *states, *held)]


async def seat_ended(house: House) -> None:
    """Her only seat is over from today."""
    await house.rows(
        "UPDATE agencies.membership SET valid_until = $1 WHERE id = $2",
        *(house.at().date(), house.player(WINNIE).membership_id),
    )


async def role_changed(house: House) -> None:
    """Same seat, same session: she audits now."""
    await house.rows(
        "UPDATE agencies.membership SET role = 'AUDITOR' WHERE id = $1",
        house.player(WINNIE).membership_id,
    )


async def account_disabled(house: House) -> None:
    """As the operator does it."""
    async with directory(house.database.migrator_url) as connection:
        assert await disable(connection, house.player(WINNIE).member_id, house.at())


@pytest.fixture
async def hand_off(house: House) -> UUID:
    """What Winnie is asked to accept."""
    filed = await house.manages("inspector", casework.file, child_at_work())
    return asked(filed, "ZZ-C01")


@pytest.mark.parametrize("change", [seat_ended, account_disabled])
async def test_who_is_no_longer_there_is_told_that_nothing_was_saved(
    house: House, hand_off: UUID, change: Any
) -> None:
    winnie = Visitor(await house.browser(WINNIE))
    page = await winnie.see(f"/hand-offs/{hand_off}")
    before = await trail(house)
    await change(house)
    sent = await winnie.send(page, "/acceptance", note="I am on my way")
    told = await winnie.follow(sent)
    assert told.answer.url.path == "/sign-in"
    assert "Nothing was changed" in told.words
    assert "Amal" not in told.answer.text + sent.answer.text
    assert await trail(house) == before
    for address in (f"/hand-offs/{hand_off}", "/hand-offs", "/cases/new"):
        again = await winnie.see(address)
        assert again.place.startswith("/sign-in"), address


async def test_whose_role_changed_is_refused_in_words(house: House, hand_off: UUID) -> None:
    winnie = Visitor(await house.browser(WINNIE))
    page = await winnie.see(f"/hand-offs/{hand_off}")
    before = await trail(house)
    await role_changed(house)
    sent = await winnie.send(page, "/acceptance", note="I am on my way")
    assert sent.status in {403, 404}, sent.words
    assert len(sent.words) > 100
    assert "kiln" not in sent.words
    assert "Amal" not in sent.answer.text
    assert await trail(house) == before
    assert (await winnie.see(f"/hand-offs/{hand_off}")).status in {403, 404}


async def test_a_role_ended_by_her_administrator_ends_the_form(house: House) -> None:
    """From the page of the agency's people, while she writes a report."""
    ines, ada = [Visitor(await house.browser(part)) for part in ("inspector", "agency_admin")]
    form = await ines.see("/cases/new")
    before = await trail(house)
    seat = house.player("inspector").membership_id
    ended = await ada.send(await ada.see("/members"), f"/members/roles/{seat}/end")
    assert ended.status == 303, ended.words
    sent = await ines.send(form, "/cases", place="ZZ-N", narrative="Ten years old, at the kiln.")
    told = await ines.follow(sent)
    assert "Nothing was changed" in told.words
    assert "kiln" not in told.answer.text
    assert await trail(house) == before
    assert await house.rows('SELECT FROM referral."case"') == []


async def second_seat(house: House) -> UUID:
    """Winnie also works in Otto's agency."""
    seat = uuid4()
    await house.rows(
        "INSERT INTO agencies.membership (id, member_id, agency_id, unit_id, role, valid_from) "
        "SELECT $1, $2, agency_id, unit_id, 'OFFICER', valid_from FROM agencies.membership "
        "WHERE id = $3",
        *(seat, house.player(WINNIE).member_id, house.player(OTTO).membership_id),
    )
    return seat


async def in_seat(visitor: Visitor, seat: UUID) -> Seen:
    """She chooses; where that led."""
    page = await visitor.see("/membership")
    return await visitor.send(page, "/membership", membership=str(seat))


@pytest.fixture
async def two(house: House) -> tuple[UUID, UUID]:
    """One hand-off to Winnie's agency in the North, one to Otto's: she has a seat in both."""
    north = await house.manages("inspector", casework.file, child_at_work())
    south = await house.manages("inspector", casework.file, replace(child_at_work(), place="ZZ-S"))
    return asked(north, "ZZ-C01"), asked(south, "ZZ-C01")


async def test_in_one_seat_the_other_seats_case_does_not_exist(
    house: House, two: tuple[UUID, UUID]
) -> None:
    here, there = house.player(WINNIE).membership_id, await second_seat(house)
    north, south = two
    winnie = Visitor(await house.browser(WINNIE))
    for seat, own, other in ((here, north, south), (there, south, north), (here, north, south)):
        assert (await in_seat(winnie, seat)).status == 303
        inbox = await winnie.see("/hand-offs")
        assert str(own) in inbox.answer.text
        assert str(other) not in inbox.answer.text
        assert (await winnie.see(f"/hand-offs/{own}")).status == 200
        hidden = await winnie.see(f"/hand-offs/{other}")
        absent = await winnie.see(f"/hand-offs/{uuid4()}")
        assert (hidden.status, hidden.words) == (404, absent.words)


async def test_a_form_of_one_seat_is_refused_from_the_other(
    house: House, two: tuple[UUID, UUID]
) -> None:
    here, there = house.player(WINNIE).membership_id, await second_seat(house)
    north, _ = two
    winnie = Visitor(await house.browser(WINNIE))
    page = await winnie.see(f"/hand-offs/{north}")
    before = await trail(house)
    await in_seat(winnie, there)
    sent = await winnie.send(page, "/acceptance", note="I am on my way")
    assert (sent.status, "Nothing was changed" in sent.words) == (403, True)
    assert await trail(house) == before
    fresh = (await winnie.see("/hand-offs")).forms[0].values["csrf"]
    forged = await winnie.send(page, "/acceptance", csrf=fresh, note="I am on my way")
    assert forged.status == 404, "with a token of this seat the case is none of hers"
    assert await trail(house) == before
    await in_seat(winnie, here)
    assert (await winnie.send(page, "/acceptance", note="I come")).status == 403, "nor ever again"
    page = await winnie.see(f"/hand-offs/{north}")
    assert (await winnie.send(page, "/acceptance", note="I am on my way")).status == 303


async def test_nobody_takes_a_seat_that_is_not_hers(house: House, two: tuple[UUID, UUID]) -> None:
    _, south = two
    there = await second_seat(house)
    winnie = Visitor(await house.browser(WINNIE))
    for seat in (house.player(OTTO).membership_id, house.player("supervisor").membership_id):
        refused = await in_seat(winnie, seat)
        assert (refused.status, "one of your seats" in refused.words) == (422, True)
        assert (await winnie.see(f"/hand-offs/{south}")).status == 404
    page = await winnie.see("/membership")
    await house.rows(
        "UPDATE agencies.membership SET valid_until = $1 WHERE id = $2", house.at().date(), there
    )
    late = await winnie.send(page, "/membership", membership=str(there))
    assert late.status == 422, "it ended while she chose"
    assert (await winnie.see(f"/hand-offs/{south}")).status == 404
