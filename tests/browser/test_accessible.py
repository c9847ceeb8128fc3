"""Every page, before axe and on a narrow screen; the browser itself must have no complaint."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from axe_playwright_python.async_playwright import Axe

from referral import casework
from tests.browser.conftest import Desk, Sit
from tests.cast import House, asked, child_at_work

pytestmark = pytest.mark.browser

_NARROW = 320  # WCAG 2.2, 1.4.10


async def _filed(house: House) -> tuple[str, UUID]:
    answer = await house.manages("inspector", casework.file, child_at_work(danger_now=True))
    return f"/cases/{answer.case_id}", asked(answer, "ZZ-C01")


async def _batch(house: House) -> str:
    """Two children asked for together."""
    one = child_at_work()
    two = replace(one, client_id=uuid4(), persons=one.persons * 2)
    answer = await house.manages("inspector", casework.file, two)
    return f"/hand-offs/batches/{answer.asks[0].batch}"


async def _unfold(desk: Desk) -> None:
    """Open everything that can be opened, so that it is looked at too."""
    await desk.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")


async def _judge(desk: Desk) -> list[str]:
    await _unfold(desk)
    found = await Axe().run(desk.page, options={"resultTypes": ["violations"]})
    wrong = [
        f"{desk.address}: {one['help']} {[node['html'][:160] for node in one['nodes']]}"
        for one in found.response["violations"]
    ]
    wide = await desk.page.evaluate("document.documentElement.scrollWidth")
    room = await desk.page.evaluate("document.documentElement.clientWidth")
    if wide > room:
        wrong.append(f"{desk.address}: {wide} pixels wide on a screen of {room}")
    return wrong


@pytest.mark.parametrize("width", [1200, _NARROW])
async def test_axe_finds_nothing_on_any_page(house: House, sit: Sit, width: int) -> None:
    case, hand_off = await _filed(house)
    batch = await _batch(house)
    wrong: list[str] = []
    for part, addresses in {
        "inspector": [
            *("/cases/new", "/hand-offs", "/hand-offs?box=out", case, f"{case}/filed"),
            *(f"{case}/timeline", f"/hand-offs/{hand_off}", "/agencies", "/protocols"),
            *("/matrix", "/break-glass", "/duplicates", f"{case}/need-to-know"),
            *(f"{case}/attachments", f"{case}/consents"),
            "/agencies?mandate=CHILD_PROTECTION&place=ZZ-W",
            *("/protocols/zz/child_protection", "/membership", "/step-up", "/no/such/page"),
            *("/account", "/sections", "/notices", "/notices/preferences"),
        ],
        "social_worker": ["/hand-offs", f"/hand-offs/{hand_off}", case, batch],
        "supervisor": [
            *("/oversight", "/members", "/break-glass/reviews", "/erasures"),
            *("/sections", "/sections/oversight", "/notices/unreached"),
            *(f"/oversight/figures{one}" for one in ("", "/groups", "/curve", "/behind")),
            *(f"/oversight/figures/{one}" for one in ("comparison", "bottlenecks")),
            *(f"/oversight/figures/{one}" for one in ("law-gaps", "senders", "pilot", "report")),
            "/oversight/figures/pilot?of=child_protection%402026-02-15&by=place&months=12",
        ],
        "agency_admin": ["/sections/agency", "/members", "/members/webhooks"],
    }.items():
        desk = await sit(part, scripts=True, width=width)
        for address in addresses:
            await desk.go(address)
            wrong += await _judge(desk)
        wrong += [told for told in desk.complaints if "404" not in told]
    assert wrong == [], "\n".join(wrong)


async def test_axe_finds_nothing_on_pages_that_come_back(house: House, sit: Sit) -> None:
    _, hand_off = await _filed(house)
    desk = await sit("social_worker", scripts=True)
    await desk.go(f"/hand-offs/{hand_off}")
    await _unfold(desk)
    await desk.press("Decline")
    wrong = await _judge(desk)
    inspector = await sit("inspector", scripts=True)
    await inspector.go("/cases/new")
    await inspector.page.fill("#p1-age", "many")
    await inspector.page.get_by_role("button", name="File the referral").last.click()
    wrong += await _judge(inspector)
    assert wrong == [], "\n".join(wrong)


async def test_axe_finds_nothing_before_signing_in(sit: Sit) -> None:
    desk = await sit("inspector", scripts=True)
    await desk.press("Sign out")
    assert desk.address == "/sign-in"
    wrong = await _judge(desk)
    await desk.go("/sign-in/given")
    assert wrong + await _judge(desk) == []


async def test_axe_finds_nothing_where_an_app_is_enrolled(sit: Sit) -> None:
    desk = await sit("inspector", scripts=True)
    await desk.go("/account")
    await desk.press("Set up an authenticator app")
    await desk.page.get_by_role("heading", name="Set up an authenticator app").wait_for()
    wrong = await _judge(desk)
    await desk.press("Continue")
    assert wrong + await _judge(desk) == []
