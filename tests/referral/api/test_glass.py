"""Break-glass at the doors: a token never breaks it, the page says so while it is open."""

from __future__ import annotations

from uuid import uuid4

from tests.cast import House
from tests.referral.api.desk import ROOT, Desk, problem
from tests.referral.web.visiting import Visitor

WHY = {"reason": "She called from the station; nobody can be reached."}


async def test_over_json(house: House, desk: Desk) -> None:
    hand_off = await desk.asks()
    accepted = await desk.acts("social_worker", hand_off, "acceptance")
    case = (await desk.reads("social_worker", f"cases/{accepted['case_id']}")).json()
    body = {"reference": case["reference"], "minutes": 30, **WHY}
    problem(await desk.sends("protection_supervisor", "break-glass", body), 403, "step-up-required")
    problem(await desk.sends("outsider", "break-glass", body), 403, "step-up-required")
    problem(await desk.reads("social_worker", "break-glass"), 403, "not-permitted")

    chief = await house.browser("protection_supervisor")
    sent = await chief.post(
        f"{ROOT}/break-glass", json=body, headers={"Idempotency-Key": f'"{uuid4()}"'}
    )
    assert sent.status_code == 201, sent.text
    glass = sent.json()
    assert glass["case_id"] == accepted["case_id"]
    stranger = await house.browser("outsider")
    other = await stranger.post(
        f"{ROOT}/break-glass", json=body, headers={"Idempotency-Key": f'"{uuid4()}"'}
    )
    problem(other, 404, "not-found")
    found = {"finding": "justified", "words": "The station confirms it."}
    review = f"break-glass/{glass['id']}/review"
    problem(await desk.sends("protection_supervisor", review, found), 403, "not-permitted")
    problem(await desk.sends("supervisor", review, found), 404, "not-found")
    listed = (await desk.reads("data_officer", "break-glass")).json()["glasses"]
    assert [one["reason"] for one in listed] == [WHY["reason"]]
    done = await desk.sends("data_officer", review, found)
    assert done.json()["state"] == "reviewed"
    # At the very instant it was opened, as a clock that stands still would have it.
    closed = await desk.sends("protection_supervisor", f"break-glass/{glass['id']}/closure")
    assert closed.status_code == 200, closed.text
    assert closed.json()["state"] == "closed"
    again = await desk.sends("protection_supervisor", f"break-glass/{glass['id']}/closure")
    problem(again, 409, "transition-not-allowed")


async def test_every_page_says_so_while_it_is_open(house: House, desk: Desk) -> None:
    hand_off = await desk.asks()
    accepted = await desk.acts("social_worker", hand_off, "acceptance")
    case = (await desk.reads("social_worker", f"cases/{accepted['case_id']}")).json()
    chief = Visitor(await house.browser("protection_supervisor"))
    page = await chief.see("/break-glass")
    bare = await chief.send(page, "/break-glass", reference=case["reference"])
    assert bare.status == 422
    lasting = {"reference": case["reference"], "minutes": "forever", **WHY}
    assert (await chief.send(page, "/break-glass", **lasting)).status == 422
    opened = await chief.send(page, "/break-glass", reference=case["reference"], **WHY)
    page = await chief.follow(opened)
    assert "open to you in an emergency" in page.words
    for address in ("/hand-offs", "/agencies"):
        assert "open to you in an emergency" in (await chief.see(address)).words
    house.at.forward(minutes=1)
    [closing] = [form.action for form in page.forms if form.action.endswith("/closure")]
    page = await chief.follow(await chief.send(page, closing))
    assert "in an emergency" not in (await chief.see("/agencies")).words

    officer = Visitor(await house.browser("data_officer"))
    page = await officer.see("/break-glass/reviews")
    assert WHY["reason"] in page.words
    [review] = [form.action for form in page.forms if form.action.endswith("/review")]
    answer = {"finding": "justified", "words": "The station confirms it."}
    page = await officer.follow(await officer.send(page, review, **answer))
    assert "It was right: The station confirms it." in page.words
    worker = Visitor(await house.browser("social_worker"))
    assert (await worker.see("/break-glass/reviews")).status == 403
    stranger = Visitor(await house.browser("outsider"))
    page = await stranger.see("/break-glass")
    denied = await stranger.send(page, "/break-glass", reference=case["reference"], **WHY)
    assert denied.status == 404
