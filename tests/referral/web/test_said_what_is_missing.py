"""What is missing is said in words, all of it at once, and on the page it was missing from."""

from __future__ import annotations

from tests.referral.web.conftest import Visit


async def test_breaking_the_glass_says_all_that_is_missing_at_once(visit: Visit) -> None:
    visitor = await visit("inspector")
    page = await visitor.see("/break-glass")
    wrong = await visitor.send(page, "/break-glass", minutes="30")
    assert wrong.status == 422
    assert "Give the reference of the case." in wrong.words
    assert "Say why it cannot wait." in wrong.words
    kept = wrong.form("/break-glass").values
    assert kept["minutes"] == ["30"]


async def test_an_absence_without_its_days_is_said_on_the_page_of_the_account(visit: Visit) -> None:
    visitor = await visit("inspector")
    page = await visitor.see("/account")
    wrong = await visitor.follow(await visitor.send(page, "/members/absences"))
    assert "Your absence was not noted: give the first and the last day." in wrong.words
    assert "Your sign-in" in wrong.words
