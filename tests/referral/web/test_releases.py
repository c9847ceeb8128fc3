"""The pages of public figures: prepared and published with plain forms, read by everybody."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from referral import preparing
from tests.cast import House
from tests.referral.web.conftest import Visit
from tests.stories.test_released import YEAR, filed


@pytest.fixture
async def year(house: House) -> House:
    """A year that is over."""
    await filed(house, 40, sex="female")
    await filed(house, 4, sex="male")
    house.at.to(datetime(2027, 1, 11, 9, tzinfo=UTC))
    return house


async def test_from_the_form_to_the_public_page(year: House, visit: Visit) -> None:
    stella, dalia = await visit("statistician"), await visit("data_officer")
    page = await stella.see("/releases")
    assert "Nothing has been prepared" in page.words
    sent = await stella.send(page, "/releases", kind="public", period=str(YEAR))
    address, page = sent.place, await stella.follow(sent)
    assert "Being prepared" in page.words
    await preparing.prepare_all(year.clockwork, year.at())
    page = await stella.see(address)
    assert "Waits for a second person" in page.words
    assert "left out" in page.words
    assert not page.offers(f"{address}/answer"), "she does not answer what she prepared"
    page = await dalia.see(address)
    page = await dalia.follow(await dalia.send(page, f"{address}/answer", answer="approve"))
    assert "Published" in page.words
    public = await year.stranger().get(f"/published/ZZ/{YEAR}")
    assert "People by place and topic" in public.text
    assert "Nationality is kept with the identity" in public.text
    assert "Stella" not in public.text
    assert "Dalia" not in public.text


async def test_a_form_filled_in_wrongly_is_shown_again_with_what_is_wrong(
    year: House, visit: Visit
) -> None:
    stella = await visit("statistician")
    page = await stella.see("/releases")
    for typed, told in (
        ({"kind": "public", "period": "soon"}, "Write a year"),
        ({"kind": "", "period": str(YEAR)}, "Choose what is prepared"),
        ({"kind": "public", "period": str(YEAR + 1)}, "a period that is over"),
        ({"kind": "ctdc", "period": str(YEAR), "recipient": ""}, "Say who receives it"),
    ):
        again = await stella.send(page, "/releases", **typed)
        assert again.status == 422, typed
        assert told in again.words, typed


async def test_a_hand_over_is_refused_where_everybody_would_be_one_of_few(
    year: House, visit: Visit
) -> None:
    stella = await visit("statistician")
    page = await stella.see("/releases")
    typed = {"kind": "ctdc", "period": str(YEAR), "recipient": "National focal point"}
    address = (await stella.send(page, "/releases", **typed)).place
    await preparing.prepare_all(year.clockwork, year.at())
    page = await stella.see(address)
    assert "Not prepared" in page.words
    assert "too few" in page.words
    assert "Not prepared" in (await stella.see("/releases")).words


async def test_where_counting_is_not_set_up_the_page_says_what_to_set(
    year: House, visit: Visit
) -> None:
    reporter, year.installation.reporter = year.installation.reporter, None
    stella = await visit("statistician")
    page = await stella.see("/releases")
    answer = await stella.send(page, "/releases", kind="public", period=str(YEAR))
    assert answer.status == 503
    assert "REFERRAL_REPORTER_DATABASE_URL" in answer.words
    year.installation.reporter = reporter


@pytest.mark.parametrize("part", ["inspector", "supervisor", "coordinator", "outsider", "auditor"])
async def test_nobody_else_sees_what_is_prepared(year: House, visit: Visit, part: str) -> None:
    page = await (await visit(part)).see("/releases")
    assert page.status == 403
    assert "/releases" not in (await (await visit(part)).see("/agencies")).answer.text


async def test_nothing_is_public_where_nothing_was_published(year: House) -> None:
    stranger = year.stranger()
    assert "Nothing has been published" in (await stranger.get("/published/ZZ")).text
    for country in ("zz", "ZZZ", "%27", "ร"):
        assert "Nothing has been published" in (await stranger.get(f"/published/{country}")).text
    assert (await stranger.get("/published/ZZ/2025")).status_code == 404
