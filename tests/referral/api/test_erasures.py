"""Erasure and legal holds at the doors: JSON and page, and everybody who may not."""

from __future__ import annotations

from uuid import UUID

import pytest

from referral import casework
from referral.casework import Said
from tests.cast import House
from tests.referral.api.desk import Desk, key, problem
from tests.referral.web.visiting import Seen, Visitor

BAD = "invalid-input"
WHY = {"reason": "She asks for it; nothing is open."}


@pytest.fixture
async def closed(house: House, desk: Desk) -> tuple[str, str]:
    """A case that is over: its id and reference."""
    filed = await desk.files()
    [referral] = filed["referrals"]
    proposal = await house.manages(
        *("inspector", casework.propose, UUID(referral["referral_id"]), "void"),
        Said(reason="Seen twice."),
    )
    answer = (casework.answer_proposal, UUID(proposal.id), Said())
    await house.manages("supervisor", *answer, approve=True)
    return filed["case_id"], filed["reference"]


async def test_over_json(desk: Desk, closed: tuple[str, str]) -> None:
    case_id, reference = closed
    body = {"reference": reference, "ground": "REQUEST", **WHY}
    for part in ("coordinator", "auditor", "data_officer"):
        problem(await desk.sends(part, "erasures", body), 403, "not-permitted")
    problem(await desk.sends("outsider", "erasures", body), 404, "not-found")
    problem(await desk.sends("inspector", "erasures", {**body, "ground": "WHIM"}), 422, BAD)
    for extra in ({"person": 0}, {"persons": [1]}, {"ground": None}):
        problem(await desk.sends("inspector", "erasures", body | extra), 422, BAD)
    bare = {"reference": reference, "ground": "REQUEST"}
    problem(await desk.sends("inspector", "erasures", bare), 403, "reason-required")
    asked = await desk.sends("inspector", "erasures", body)
    assert asked.status_code == 201, asked.text
    answering = f"erasures/{asked.json()['id']}/answer"
    yes = {"approve": True, **WHY}
    for part in ("inspector", "supervisor", "coordinator"):
        problem(await desk.sends(part, answering, yes), 403, "not-permitted")
    listed = (await desk.reads("data_officer", "erasures")).json()
    assert [(one["reference"], one["reason"]) for one in listed["asked"]] == [
        (reference, WHY["reason"])
    ]
    problem(await desk.reads("coordinator", "erasures"), 403, "not-permitted")
    once = key()
    done = await desk.sends("data_officer", answering, yes, once)
    assert done.json()["state"] == "approved"
    again = await desk.sends("data_officer", answering, yes, once)
    assert (again.status_code, again.json()) == (200, done.json()), "the same request once more"
    gone = problem(await desk.reads("inspector", f"cases/{case_id}"), 410, "erased")
    assert gone["erased_on"] == "2026-03-02"
    problem(await desk.reads("social_worker", f"cases/{case_id}/timeline"), 410, "erased")
    problem(await desk.reads("outsider", f"cases/{case_id}"), 404, "not-found")
    for part in ("inspector", "auditor", "data_officer"):
        left = (await desk.reads(part, "erasures")).json()["gone"]
        assert [(one["reference"], one["ground"]) for one in left] == [(reference, "REQUEST")]
    log = await desk.reads("auditor", f"audit/cases/{case_id}")
    assert log.status_code == 200, "its headers are never erased"
    assert "case.erased" in log.text


async def test_a_hold_over_json(desk: Desk, closed: tuple[str, str]) -> None:
    _, reference = closed
    hold = {"reference": reference, "source": "Court 7, letter 3", **WHY}
    problem(await desk.sends("outsider", "legal-holds", hold), 404, "not-found")
    held = await desk.sends("data_officer", "legal-holds", hold)
    assert held.json()["state"] == "held"
    asking = {"reference": reference, "ground": "OTHER", **WHY}
    held_back = await desk.sends("inspector", "erasures", asking)
    refused = problem(held_back, 409, "transition-not-allowed")
    assert refused["from"] == "legal hold"
    lifting = f"legal-holds/{held.json()['id']}/lifting"
    problem(await desk.sends("data_officer", lifting, WHY), 403, "not-permitted")
    problem(await desk.sends("outsider", lifting, WHY), 404, "not-found")
    asked = await desk.sends("inspector", lifting, WHY)
    answering = f"erasures/{asked.json()['id']}/answer"
    await desk.sends("data_officer", answering, {"approve": True, **WHY})
    [one] = (await desk.reads("inspector", "erasures")).json()["holds"]
    assert one["source"] == "Court 7, letter 3"
    assert one["lifted_at"] is not None
    assert (await desk.sends("inspector", "erasures", asking)).status_code == 201


async def test_as_a_page(house: House, closed: tuple[str, str]) -> None:
    case_id, reference = closed
    ines = Visitor(await house.browser("inspector"))
    page = await ines.see("/erasures")
    told = {"erase-reference": reference, "erase-ground": "REQUEST"}
    assert (await ines.send(page, "/erasures", **told)).status == 422
    odd = await ines.send(page, "/erasures", **told, **{"erase-person": "two"}, **why("erase"))
    assert odd.status == 422
    assert "Give the number of a person" in odd.words
    kept = {"hold-reference": reference, "hold-source": "Court 7"}
    page = await ines.follow(await ines.send(page, "/legal-holds", **kept, **why("hold")))
    assert "It stands" in page.words
    assert "A legal hold stands" in (await ines.see(f"/cases/{case_id}")).words
    refused = await ines.send(page, "/erasures", **told, **why("erase"))
    assert refused.status == 409
    assert "two persons have lifted it" in refused.words.replace("\n", " ")
    [lifting] = _to(page, "/lifting")
    hold_id = lifting.split("/")[2]
    page = await ines.follow(await ines.send(page, lifting, **why(hold_id)))
    assert not _to(page, "/erasures/"), "nobody answers what she asked herself"

    dalia = Visitor(await house.browser("data_officer"))
    page = await dalia.see("/erasures")
    [answering] = _to(page, "/erasures/")
    assert (await dalia.send(page, answering, answer="approve")).status == 422
    said = why(answering.rsplit("/", 1)[1])
    page = await dalia.follow(await dalia.send(page, answering, answer="approve", **said))
    assert "Lifted" in page.words
    page = await ines.see("/erasures")
    page = await ines.follow(await ines.send(page, "/erasures", **told, **why("erase")))
    assert "Waits for whoever protects data" in page.words
    page = await dalia.see("/erasures")
    [answering] = _to(page, "/erasures/")
    assert "Approve: erase it for ever" in page.words
    said = why(answering.rsplit("/", 1)[1])
    page = await dalia.follow(await dalia.send(page, answering, answer="approve", **said))
    assert f"{reference}, the whole case" in page.words
    gone = await ines.see(f"/cases/{case_id}")
    assert gone.status == 410
    assert "This was erased" in gone.words
    auditor = Visitor(await house.browser("auditor"))
    page = await auditor.see("/erasures")
    assert reference in page.words
    assert "Ask for an erasure" not in page.words
    cora = Visitor(await house.browser("coordinator"))
    assert (await cora.see("/erasures")).status == 403


def why(prefix: str) -> dict[str, str]:
    """The reason, as the form with this prefix asks for it."""
    return {f"{prefix}-reason": WHY["reason"]}


def _to(page: Seen, part: str) -> list[str]:
    """Where the forms go whose address has this in it."""
    return [form.action for form in page.forms if part in form.action]
