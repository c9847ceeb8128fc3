"""Removing a holder at the doors: JSON and page, and everybody who may not."""

from __future__ import annotations

from tests.cast import House
from tests.referral.api.desk import Desk, problem
from tests.referral.web.visiting import Seen, Visitor

WHY = {"reason": "Two witnesses say that its head is paid by the owner."}
OFFICE = {"kind": "agency", "name": "CHILDREN-ZZ-N"}


async def held(desk: Desk) -> tuple[str, str]:
    """The office holds the child: id and reference of the case."""
    hand_off = await desk.asks()
    accepted = await desk.acts("social_worker", hand_off, "acceptance")
    case = (await desk.reads("social_worker", f"cases/{accepted['case_id']}")).json()
    return case["id"], case["reference"]


async def test_over_json(desk: Desk) -> None:
    case_id, reference = await held(desk)
    body = {"reference": reference, **OFFICE, **WHY}
    for part in ("inspector", "social_worker", "outsider", "auditor"):
        problem(await desk.sends(part, "removals", body), 403, "not-permitted")
        problem(await desk.reads(part, "removals"), 403, "not-permitted")
    unknown = {**body, "reference": "ZZ-0000-0000"}
    problem(await desk.sends("coordinator", "removals", unknown), 404, "not-found")
    asked = await desk.sends("coordinator", "removals", body)
    assert asked.status_code == 201, asked.text
    answering = f"removals/{asked.json()['id']}/answer"
    problem(await desk.sends("coordinator", answering, {"approve": True}), 403, "not-permitted")
    listed = (await desk.reads("data_officer", "removals")).json()["removals"]
    assert [(one["reason"], one["mine"]) for one in listed] == [(WHY["reason"], False)]
    done = await desk.sends("data_officer", answering, {"approve": True})
    assert done.json()["state"] == "approved"
    problem(await desk.reads("social_worker", f"cases/{case_id}"), 404, "not-found")
    again = await desk.sends("data_officer", answering, {"approve": True})
    problem(again, 409, "transition-not-allowed")


async def test_as_a_page(house: House, desk: Desk) -> None:
    case_id, reference = await held(desk)
    cora = Visitor(await house.browser("coordinator"))
    page = await cora.see("/removals")
    told = {"reference": reference, **OFFICE}
    assert (await cora.send(page, "/removals", **told)).status == 422
    page = await cora.follow(await cora.send(page, "/removals", **told, **WHY))
    assert "Waits for a second person" in page.words
    assert not _answers(page)
    dalia = Visitor(await house.browser("data_officer"))
    page = await dalia.see("/removals")
    [answering] = _answers(page)
    page = await dalia.follow(await dalia.send(page, answering, answer="approve"))
    assert "Approved: removed" in page.words
    winnie = Visitor(await house.browser("social_worker"))
    assert (await winnie.see(f"/cases/{case_id}")).status == 404
    assert (await winnie.see("/removals")).status == 403


def _answers(page: Seen) -> list[str]:
    """Where the forms go that approve or refuse."""
    return [form.action for form in page.forms if "/removals/" in form.action]
