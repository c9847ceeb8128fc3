"""Signing in through a real identity provider: who is bound comes in, everybody else does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from referral.clock import utc_now
from tests.cast import House
from tests.referral.signing_in.conftest import KEY, RealProvider, bound, known, subject
from tests.referral.signing_in.travelling import START, at_provider, gone, through
from tests.referral.web.second_factors import come, strict, with_app
from tests.referral.web.visiting import Visitor


@pytest.fixture
def now(house: House) -> datetime:
    """A real provider lives in the present, so the house does too."""
    return house.at.to(utc_now())


async def sessions(house: House, part: str) -> list[dict[str, object]]:
    rows = await house.rows(
        "SELECT s.* FROM agencies.session s JOIN agencies.membership m ON m.id = s.membership_id "
        "WHERE m.member_id = $1",
        house.player(part).member_id,
    )
    return [dict(row) for row in rows]


@pytest.mark.parametrize("client", ["referral", "referral-ec", "referral-ed"])
async def test_whoever_is_bound_comes_in(
    house: House, now: datetime, real_provider: RealProvider, tmp_path: Path, client: str
) -> None:
    provider, sub = await known(house, real_provider.issuer, tmp_path, client), subject()
    await bound(house, provider, "inspector", sub)
    real_provider.next(sub)
    visitor = Visitor(house.stranger())
    asked = await gone(visitor)
    assert asked["code_challenge_method"] == "S256"
    assert asked["scope"] == "openid"
    assert {"state", "nonce", "code_challenge"} < set(asked)
    page = await visitor.see(await at_provider(asked["address"]))
    assert (page.status, page.place) == (303, "/hand-offs"), page.words
    assert "Ines" in (await visitor.follow(page)).words
    [session] = await sessions(house, "inspector")
    assert session["proof"] == "provider"
    assert session["provider_id"] == provider


async def test_whom_nobody_has_bound_gets_a_page_and_no_session(
    house: House, now: datetime, real_provider: RealProvider, tmp_path: Path
) -> None:
    await known(house, real_provider.issuer, tmp_path)
    real_provider.next(sub := subject())
    visitor = Visitor(house.stranger())
    page = await through(visitor)
    assert page.status == 403
    assert sub in page.words
    assert "administrator" in page.words
    assert (await visitor.see("/hand-offs")).place.startswith("/sign-in")
    assert await house.rows("SELECT 1 FROM agencies.session") == []


async def test_where_two_factors_are_demanded_a_provider_alone_is_the_first_of_them(
    house: House, now: datetime, real_provider: RealProvider, tmp_path: Path
) -> None:
    _, _ = await with_app(strict(house), "inspector")
    provider, sub = await known(house, real_provider.issuer, tmp_path), subject()
    await bound(house, provider, "inspector", sub)
    before = await sessions(house, "inspector")
    real_provider.next(sub, acr="one-factor", amr=["pwd"])
    page = await through(come(house))
    assert page.place.startswith("/sign-in/second?"), page.words
    assert await sessions(house, "inspector") == before


@pytest.mark.parametrize("said", [{"acr": "two-factors"}, {"amr": ["pwd", "mfa"]}])
async def test_where_the_operator_says_so_the_providers_two_factors_count(
    house: House,
    now: datetime,
    real_provider: RealProvider,
    tmp_path: Path,
    said: dict[str, object],
) -> None:
    provider, sub = await known(strict(house), real_provider.issuer, tmp_path), subject()
    await bound(house, provider, "inspector", sub)
    real_provider.next(sub, **said)
    page = await through(come(house))
    assert page.place == "/hand-offs", page.words
    [session] = await sessions(house, "inspector")
    assert session["proof"] == "provider_strong"


async def test_the_same_words_count_nothing_where_the_operator_has_not_said_so(
    house: House, now: datetime, real_provider: RealProvider, tmp_path: Path
) -> None:
    provider = await known(strict(house), real_provider.issuer, tmp_path, two_factors=())
    await bound(house, provider, "inspector", sub := subject())
    real_provider.next(sub, acr="two-factors", amr=["mfa"])
    page = await through(come(house))
    assert page.place.startswith("/enrolment"), page.words
    assert await sessions(house, "inspector") == []


async def test_a_proof_is_as_old_as_the_provider_says(
    house: House, now: datetime, real_provider: RealProvider, tmp_path: Path
) -> None:
    provider, sub = await known(house, real_provider.issuer, tmp_path), subject()
    await bound(house, provider, "agency_admin", sub)
    hour_ago = int(now.timestamp()) - 3600
    real_provider.next(sub, ts=hour_ago)
    visitor = Visitor(house.stranger())
    assert (await through(visitor)).status == 303
    [session] = await sessions(house, "agency_admin")
    assert session["authenticated_at"] == datetime.fromtimestamp(hour_ago, UTC)
    page = await visitor.see("/members")
    typed = {"key": "NIGHT", "name": "Night desk"}
    told = await visitor.send(
        page, "/members/units", unit__key=typed["key"], unit__name=typed["name"], unit=""
    )
    assert told.place.startswith("/step-up"), told.words
    assert "/sign-in/provider?fresh=1" in (await visitor.follow(told)).answer.text


async def test_a_fresh_proof_is_asked_of_the_provider_and_keeps_the_seat(
    house: House, now: datetime, real_provider: RealProvider, tmp_path: Path
) -> None:
    provider, sub = await known(house, real_provider.issuer, tmp_path), subject()
    await bound(house, provider, "agency_admin", sub)
    real_provider.next(sub, ts=int(now.timestamp()) - 3600)
    visitor = Visitor(house.stranger())
    await through(visitor)
    fresh = f"/sign-in/provider/{KEY}?next=/members&fresh=1"
    real_provider.next(sub)
    asked = await gone(visitor, fresh)
    assert (asked["prompt"], asked["max_age"]) == ("login", "900")
    page = await visitor.see(await at_provider(asked["address"]))
    assert page.place == "/members", page.words
    [session] = await sessions(house, "agency_admin")
    proved = session["authenticated_at"]
    assert isinstance(proved, datetime)
    assert proved > now - timedelta(minutes=1)


async def test_a_fresh_proof_by_somebody_else_is_none(
    house: House, now: datetime, real_provider: RealProvider, tmp_path: Path
) -> None:
    provider = await known(house, real_provider.issuer, tmp_path)
    await bound(house, provider, "agency_admin", sub := subject())
    await bound(house, provider, "inspector", other := subject())
    real_provider.next(sub)
    visitor = Visitor(house.stranger())
    await through(visitor)
    real_provider.next(other)
    page = await through(visitor, f"{START}&fresh=1")
    assert page.status == 422
    assert "Somebody else" in page.words
    assert await sessions(house, "inspector") == []


async def test_turning_back_at_the_provider_is_said_and_opens_nothing(
    house: House, now: datetime, real_provider: RealProvider, tmp_path: Path
) -> None:
    await known(house, real_provider.issuer, tmp_path)
    real_provider.next("nobody", refuse=True)
    page = await through(Visitor(house.stranger()))
    assert page.status == 422
    assert "turned back" in page.words


async def test_roles_come_from_our_own_records_and_end_there(
    house: House, now: datetime, real_provider: RealProvider, tmp_path: Path
) -> None:
    provider = await known(house, real_provider.issuer, tmp_path)
    await bound(house, provider, "inspector", sub := subject())
    member = house.player("inspector").member_id
    await house.rows("UPDATE agencies.member SET active = false WHERE id = $1", member)
    real_provider.next(sub)
    assert (await through(Visitor(house.stranger()))).status == 403
    await house.rows("UPDATE agencies.member SET active = true WHERE id = $1", member)
    await house.rows(
        "UPDATE agencies.membership SET valid_until = $2 WHERE member_id = $1",
        *(member, now.date()),
    )
    real_provider.next(sub)
    assert (await through(Visitor(house.stranger()))).status == 403
    assert await sessions(house, "inspector") == []


async def _works_elsewhere_too(house: House) -> UUID:
    """Ines gets a seat with the police as well."""
    [row] = await house.rows(
        "INSERT INTO agencies.membership (id, member_id, agency_id, unit_id, role, valid_from) "
        "SELECT gen_random_uuid(), $1, m.agency_id, m.unit_id, 'OFFICER', '2026-01-05' "
        "FROM agencies.membership m WHERE m.id = $2 RETURNING id",
        *(house.player("inspector").member_id, house.player("city_police").membership_id),
    )
    return UUID(str(row["id"]))


async def test_a_provider_opens_no_seat_of_an_agency_it_does_not_speak_for(
    house: House, now: datetime, real_provider: RealProvider, tmp_path: Path
) -> None:
    provider = await known(house, real_provider.issuer, tmp_path)
    await bound(house, provider, "inspector", sub := subject())
    seat = await _works_elsewhere_too(house)
    real_provider.next(sub, acr="two-factors")
    visitor = Visitor(house.stranger())
    assert (await through(visitor)).status == 303
    [session] = await sessions(house, "inspector")
    assert session["membership_id"] == house.player("inspector").membership_id
    page = await visitor.see("/membership")
    told = await visitor.send(page, "/membership", membership=str(seat))
    assert told.status == 422, "the provider does not speak for the police"


async def test_a_provider_alone_lets_nobody_enrol_for_other_agencies(
    house: House, now: datetime, real_provider: RealProvider, tmp_path: Path
) -> None:
    provider = await known(strict(house), real_provider.issuer, tmp_path)
    await bound(house, provider, "inspector", sub := subject())
    await _works_elsewhere_too(house)
    real_provider.next(sub)
    page = await through(come(house))
    assert page.status == 422
    assert "second factor" in page.words


async def test_ending_a_provider_ends_what_stands_on_its_word(
    house: House, now: datetime, real_provider: RealProvider, tmp_path: Path
) -> None:
    from referral import administration

    provider = await known(house, real_provider.issuer, tmp_path)
    await bound(house, provider, "inspector", sub := subject())
    real_provider.next(sub)
    visitor = Visitor(house.stranger())
    await through(visitor)
    assert await administration.end_provider(house.database.migrator_url, KEY) == 1
    assert (await visitor.see("/hand-offs")).place.startswith("/sign-in")
    assert (await visitor.see(START)).status == 404
