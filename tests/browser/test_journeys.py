"""Whole days of work in a real browser with JavaScript switched off."""

from __future__ import annotations

import pytest
from playwright.async_api import Request, Route

from tests.browser.conftest import Desk, Sit

pytestmark = pytest.mark.browser

_TAKEN_OVER = "Child protection takes the child over"


async def _file(desk: Desk) -> None:
    page = desk.page
    await desk.go("/cases/new")
    await page.get_by_label("Where did it happen?").select_option("ZZ-N")
    await page.get_by_label("Child labour").check()
    await page.fill("#p1-identity-name", "Amal Doe")
    await page.fill("#p1-age", "10")
    await page.locator("summary", has_text="Work and school").click()
    await page.get_by_role("group", name="Works, paid or not").get_by_label("Yes").check()
    await page.fill("#p1-econ_hours", "20")
    await desk.press("Add another person")
    assert await page.input_value("#p1-identity-name") == "Amal Doe"
    await page.fill("#p2-age", "12")
    for fold in await page.locator("summary", has_text="Work and school").all():
        await fold.click()
    await page.get_by_role("group", name="Works, paid or not").nth(1).get_by_label("Yes").check()
    await page.get_by_role("button", name="File the referral").last.click()


async def test_a_referral_from_the_report_to_the_outcome(sit: Sit) -> None:
    inspector = await sit("inspector")
    await _file(inspector)
    assert inspector.address.endswith("/filed")
    await inspector.reads("Child protection office of the North")
    await inspector.page.get_by_text("How this was worked out").first.click()
    await inspector.reads("24 hours run without a stop")
    worker = await sit("social_worker")
    assert worker.address == "/hand-offs"
    await worker.reads("2 persons, asked together")
    await worker.page.get_by_role("link", name=_TAKEN_OVER).first.click()
    await worker.page.wait_for_url("**/hand-offs/batches/*")
    await worker.page.get_by_role("link", name=_TAKEN_OVER).first.click()
    await worker.press("Accept")
    await worker.reads("Accepted: your unit is responsible now.")
    await worker.press("Start work")
    await worker.page.locator("summary", has_text="Complete").click()
    await worker.page.get_by_label("Outcome").select_option("ONWARD_REFERRAL_MADE")
    await worker.page.fill("#completion-note", "Back at school")
    await worker.press("Complete")
    await worker.reads("Completed: the sender sees the outcome and your note.")
    await inspector.go("/hand-offs?box=out&state=completed")
    await inspector.reads("Completed")
    assert inspector.complaints == worker.complaints == []


async def test_a_report_fits_on_a_telephone(sit: Sit) -> None:
    desk = await sit("inspector", width=390)
    page = desk.page
    await desk.go("/cases/new")
    first = ("In danger now", "Exploitation is under way", "What is reported?")
    asked = [page.get_by_role("group", name=one) for one in first]
    for one in (*asked, page.get_by_label("Where did it happen?")):
        box = await one.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 844, "on the first screen of a telephone"
    assert await page.evaluate("document.documentElement.scrollHeight") < 3 * 844
    assert not await page.locator("#p1-econ_hours").is_visible()
    await page.locator("summary", has_text="Work and school").click()
    await page.fill("#p1-econ_hours", "many")
    await page.fill("#narrative", "Carrying bricks")
    await page.get_by_role("button", name="File the referral").last.click()
    await desk.reads("There is a problem")
    assert await page.locator("#p1-econ_hours").is_visible(), "what is wrong stands open"
    assert await page.input_value("#narrative") == "Carrying bricks"
    await page.fill("#p1-econ_hours", "20")
    await page.get_by_role("button", name="File the referral").last.click()
    assert desk.address.endswith("/filed")


async def test_a_form_that_comes_back_shows_the_field_that_is_wrong(sit: Sit) -> None:
    inspector = await sit("inspector")
    await _file(inspector)
    worker = await sit("social_worker")
    await worker.page.get_by_role(
        "link", name="Child protection takes the child over"
    ).first.click()
    await worker.page.locator("summary", has_text="Decline").click()
    await worker.page.fill("#decline-note", "Not our district")
    await worker.press("Decline")
    await worker.reads("There is a problem")
    assert await worker.page.locator("#decline-note").is_visible()
    assert await worker.page.input_value("#decline-note") == "Not our district"
    await worker.page.get_by_role("link", name="Choose a reason.").click()
    assert worker.page.url.endswith("#decline-reason_code")


async def test_accepting_by_keyboard_alone(sit: Sit) -> None:
    inspector = await sit("inspector")
    await _file(inspector)
    worker = await sit("social_worker")
    for address in ("**/hand-offs/batches/*", "**/hand-offs/*-*"):  # both persons, then the first
        await _reach(worker, _TAKEN_OVER)
        await worker.page.keyboard.press("Enter")
        await worker.page.wait_for_url(address)
    await _reach(worker, "Accept")
    await worker.page.keyboard.press("Enter")
    await worker.page.wait_for_url("**done=acceptance")


async def _reach(desk: Desk, words: str) -> None:
    """Press the tabulator until what has the focus says these words."""
    for _ in range(60):
        await desk.page.keyboard.press("Tab")
        focused = desk.page.locator(":focus")
        if await focused.count() and (await focused.inner_text()).strip() == words:
            return
    pytest.fail(f"“{words}” cannot be reached by keyboard")


async def test_the_quick_exit_leaves_at_once_and_tells_nobody_where_from(sit: Sit) -> None:
    desk = await sit("social_worker")
    left: list[Request] = []

    async def elsewhere(route: Route) -> None:
        left.append(route.request)
        await route.fulfill(body="<h1>Somewhere else</h1>", content_type="text/html")

    await desk.page.route("https://www.wikipedia.org/**", elsewhere)
    await desk.press("Exit this page quickly")
    await desk.page.wait_for_url("https://www.wikipedia.org/**")
    assert "referer" not in await left[0].all_headers()
    await desk.go("/hand-offs")
    assert desk.address.startswith("/sign-in")
