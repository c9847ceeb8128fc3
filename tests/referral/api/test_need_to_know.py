"""Seals and exclusions over JSON and as a page: the whole way, and whoever has no part in it."""

from __future__ import annotations

from uuid import uuid4

from tests.cast import House
from tests.referral.api.desk import Desk, problem
from tests.referral.web.visiting import Seen, Visitor

WHY = {"reason": "A colleague of the unit is the owner's brother."}
SEAL = {"act": "seal", "named": ["inspector.zz"], **WHY}


async def test_sealed_over_json(desk: Desk) -> None:
    filed = await desk.files()
    case_id, referral = filed["case_id"], filed["referrals"][0]["referral_id"]
    asking = f"referrals/{referral}/proposals"
    problem(await desk.sends("outsider", asking, SEAL), 404, "not-found")
    problem(await desk.sends("social_worker", asking, SEAL), 403, "not-permitted")
    problem(await desk.sends("inspector", asking, {**SEAL, "act": "burn"}), 422, "invalid-input")
    problem(
        await desk.sends("inspector", asking, {"act": "seal", "named": []}), 403, "reason-required"
    )
    asked = (await desk.sends("inspector", asking, SEAL)).json()
    assert asked["state"] == "asked"
    answering = f"proposals/{asked['id']}/answer"
    problem(await desk.sends("inspector", answering, {"approve": True}), 403, "not-permitted")
    problem(await desk.sends("outsider", answering, {"approve": True}), 404, "not-found")
    seen = (await desk.reads("supervisor", f"cases/{case_id}/need-to-know")).json()
    assert [(one["act"], one["mine"]) for one in seen["proposals"]] == [("seal", False)]
    assert seen["proposals"][0]["reason"] == WHY["reason"]
    done = (await desk.sends("supervisor", answering, {"approve": True})).json()
    assert done["state"] == "approved"

    hidden = await desk.reads("supervisor", f"cases/{case_id}")
    absent = await desk.reads("supervisor", f"cases/{uuid4()}")
    problem(hidden, 404, "not-found")
    assert dict(hidden.json(), instance="") == dict(absent.json(), instance="")
    problem(await desk.reads("supervisor", f"cases/{case_id}/need-to-know"), 404, "not-found")
    problem(
        await desk.reads("social_worker", f"cases/{case_id}/need-to-know"), 403, "not-permitted"
    )
    seen = (await desk.reads("inspector", f"cases/{case_id}/need-to-know")).json()
    assert (seen["sealed"], seen["named"]) == (True, ["Ines Porter"])


async def test_kept_out_over_json_once_however_often_it_is_sent(desk: Desk) -> None:
    filed = await desk.files()
    referral = filed["referrals"][0]["referral_id"]
    body = {"kind": "agency", "name": "CHILDREN-ZZ-N", **WHY}
    key = {"Idempotency-Key": f'"{uuid4()}"'}
    first = await desk.sends("inspector", f"referrals/{referral}/exclusions", body, key)
    again = await desk.sends("inspector", f"referrals/{referral}/exclusions", body, key)
    assert first.json() == again.json()
    assert len(first.json()["left"]) == 1
    problem(await desk.reads("social_worker", f"cases/{filed['case_id']}"), 404, "not-found")


def _answers(page: Seen) -> list[str]:
    """Where the forms go that approve or refuse."""
    return [form.action for form in page.forms if "/proposals/" in form.action]


async def test_the_page_asks_and_another_approves(house: House, desk: Desk) -> None:
    filed = await desk.files()
    address = f"/cases/{filed['case_id']}/need-to-know"
    referral = filed["referrals"][0]["referral_id"]
    ines = Visitor(await house.browser("inspector"))
    page = await ines.see(f"/cases/{filed['case_id']}")
    assert address in page.answer.text
    page = await ines.see(address)
    told = {"act": "seal", "named": "inspector.zz\nsupervisor.zz", "referral": referral}
    bare = await ines.send(page, "/need-to-know/proposals", **told)
    assert bare.status == 422
    assert "Say why" in bare.words
    page = await ines.follow(await ines.send(page, "/need-to-know/proposals", **told, **WHY))
    assert "Waits for a second person" in page.words
    assert not _answers(page), "her own she does not approve"

    chief = Visitor(await house.browser("supervisor"))
    page = await chief.see(address)
    [answering] = _answers(page)
    page = await chief.follow(await chief.send(page, answering, answer="approve"))
    assert "Approved" in page.words
    assert "Ines Porter; Solomon Park" in page.words
    told = {"kind": "person", "name": "social_worker.zz", "referral": referral}
    page = await chief.follow(await chief.send(page, "/need-to-know/exclusions", **told, **WHY))
    assert "Winnie Sato" in page.words
    stranger = Visitor(await house.browser("outsider"))
    assert (await stranger.see(address)).status == 404
