"""Consent over HTTP and on its page: recorded, listed, taken back, each by who may."""

from __future__ import annotations

from typing import Any

from referral.consent import Statement
from tests.referral.api.desk import Desk, key, pointers, problem
from tests.referral.web.visiting import Visitor


async def filed(desk: Desk) -> tuple[str, str, str]:
    """On the ground of consent: case, referral, and the agency that was asked."""
    told = await desk.files(lawful_basis="CONSENT")
    [row] = await desk.house.rows(
        "SELECT referral_id, receiver_agency FROM referral.hand_off WHERE step = 'ZZ-C01'"
    )
    return told["case_id"], str(row["referral_id"]), str(row["receiver_agency"])


def told(desk: Desk, agency: str, **changed: Any) -> dict[str, Any]:
    return {
        "receiver_agency": agency,
        "purpose": "SERVICES",
        "groups": ["G2"],
        "given_at": desk.house.at().isoformat(),
        "form": "WRITTEN",
        "language": "en",
        "statements": [one.value for one in Statement],
        "child": "assent",
        "caregiver": "consent",
        **changed,
    }


async def test_a_consent_is_recorded_listed_and_taken_back(desk: Desk) -> None:
    case, referral, agency = await filed(desk)
    path = f"referrals/{referral}/consents"
    once = key()
    done = await desk.sends("inspector", path, told(desk, agency), once)
    assert done.status_code == 200, done.text
    again = await desk.sends("inspector", path, told(desk, agency), once)
    assert again.json() == done.json()
    [one] = (await desk.reads("inspector", f"cases/{case}/consents")).json()["consents"]
    assert (one["stands"], one["groups"], one["receiver_agency"]) == (True, ["G2"], agency)

    problem(await desk.reads("outsider", f"cases/{case}/consents"), 404, "not-found")
    withdrawal = f"consents/{one['id']}/withdrawal"
    problem(await desk.sends("outsider", withdrawal), 404, "not-found")
    gone = await desk.sends("social_worker", withdrawal)
    assert gone.status_code == 200, gone.text
    assert gone.json()["consent_id"] == one["id"]
    problem(await desk.sends("inspector", withdrawal), 409, "transition-not-allowed")


async def test_everything_that_is_missing_is_said_at_once(desk: Desk) -> None:
    _, referral, agency = await filed(desk)
    lacking = told(
        desk, agency, statements=[], groups=["G5"], form="SPOKEN_WITH_WITNESS", child="explain"
    )
    answer = await desk.sends("inspector", f"referrals/{referral}/consents", lacking)
    assert pointers(problem(answer, 422, "invalid-input")) == {
        "/child": "not-enough",
        "/statements": "missing",
        "/groups": "unknown",
        "/witness": "missing",
    }
    stranger = told(desk, referral)  # an id of ours, of no agency
    answer = await desk.sends("inspector", f"referrals/{referral}/consents", stranger)
    assert pointers(problem(answer, 422, "invalid-input")) == {"/receiver_agency": "unknown"}


async def test_another_basis_needs_the_supervisor_a_reason_and_a_law(desk: Desk) -> None:
    case, referral, _ = await filed(desk)
    path = f"referrals/{referral}/lawful-basis"
    body = {"basis": "VITAL_INTEREST", "reference": "art. 9", "reason": "She is in danger now."}
    problem(await desk.sends("inspector", path, body), 403, "not-permitted")
    bare = {"basis": "VITAL_INTEREST", "reference": "art. 9"}
    problem(await desk.sends("supervisor", path, bare), 403, "reason-required")
    done = await desk.sends("supervisor", path, body)
    assert done.status_code == 200, done.text
    seen = (await desk.reads("inspector", f"cases/{case}")).json()
    assert seen["referrals"][0]["lawful_basis"] == "VITAL_INTEREST"


async def test_the_page_records_and_takes_back(desk: Desk) -> None:
    case, referral, agency = await filed(desk)
    visitor = Visitor(await desk.house.browser("inspector"))
    page = await visitor.see(f"/cases/{case}/consents")
    assert "None is recorded" in page.words
    typed: dict[str, Any] = {
        **told(desk, agency),
        "referral": referral,
        "given_at": desk.house.at().date().isoformat(),
        "given_at-time": "08:00",
    }
    lacking = await visitor.send(page, "/consents", **{**typed, "statements": []})
    assert lacking.status == 422
    assert "Not told or agreed yet" in lacking.words
    done = await visitor.send(lacking, "/consents", **typed)
    assert done.status == 303, done.words
    page = await visitor.see(done.place)
    assert "Who the person is" in page.words
    gone = await visitor.send(page, "/withdrawal")
    assert gone.status == 303, gone.words
    page = await visitor.see(gone.place)
    assert "Taken back" in page.words
    assert not page.offers("/withdrawal")
