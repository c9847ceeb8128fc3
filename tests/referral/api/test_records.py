"""What is written down beside the acts: facts learned later, events, notes, numbers, voices."""

from __future__ import annotations

from uuid import uuid4

from tests.referral.api.desk import Desk, asked, pointers, problem


async def test_facts_learned_later_are_put_to_the_protocol_again(desk: Desk) -> None:
    filed = await desk.files()
    referral = filed["referrals"][0]["referral_id"]
    path = f"cases/{filed['case_id']}/facts"
    seen = await desk.reads("inspector", f"cases/{filed['case_id']}")
    amended = await desk.sends(
        "inspector",
        path,
        {"referral_id": referral, "facts": {"high_risk": True, "age": None}},
        {"If-Match": seen.headers["etag"]},
        method="PATCH",
    )
    assert amended.status_code == 200, amended.text
    later = await desk.reads("inspector", f"cases/{filed['case_id']}?open=G2")
    person = later.json()["persons"][0]
    assert person["facts"]["high_risk"] is True
    assert "age" not in person["identity"]
    stale = await desk.sends(
        "inspector",
        path,
        {"referral_id": referral, "facts": {"high_risk": False}},
        {"If-Match": seen.headers["etag"]},
        method="PATCH",
    )
    problem(stale, 412, "version-conflict")


async def test_the_version_an_act_tells_is_the_one_that_stands(desk: Desk) -> None:
    filed = await desk.files()
    body = {"referral_id": filed["referrals"][0]["referral_id"], "facts": {"high_risk": True}}
    amended = await desk.sends("inspector", f"cases/{filed['case_id']}/facts", body, method="PATCH")
    seen = await desk.reads("inspector", f"cases/{filed['case_id']}")
    assert amended.headers["etag"] == seen.headers["etag"]


async def test_a_fact_that_does_not_exist_is_refused_with_those_that_do(desk: Desk) -> None:
    filed = await desk.files()
    body = {"referral_id": filed["referrals"][0]["referral_id"], "facts": {"hungry": True}}
    answer = await desk.sends("inspector", f"cases/{filed['case_id']}/facts", body, method="PATCH")
    told = problem(answer, 422, "invalid-input")
    assert pointers(told) == {"/facts/hungry": "unknown_fact"}
    assert "high_risk" in told["errors"][0]["message"]


async def test_a_referral_of_another_case_is_not_found_under_this_one(desk: Desk) -> None:
    one, other = await desk.files(), await desk.files()
    body = {"referral_id": other["referrals"][0]["referral_id"], "facts": {"high_risk": True}}
    answer = await desk.sends("inspector", f"cases/{one['case_id']}/facts", body, method="PATCH")
    problem(answer, 404, "not-found")
    seen = (await desk.reads("inspector", f"cases/{other['case_id']}")).json()
    assert "high_risk" not in seen["persons"][0]["facts"]


async def test_events_open_what_the_protocol_says(desk: Desk) -> None:
    accepted = await desk.acts("social_worker", await desk.asks(), "acceptance")
    path = f"cases/{accepted['case_id']}/events"
    body = {"referral_id": accepted["referral_id"], "event": "ZZ-C02 SEPARATION_NEEDED"}
    done = await desk.sends("social_worker", path, body)
    assert done.status_code == 200, done.text
    assert asked(done.json(), "ZZ-C06")
    unknown = await desk.sends("social_worker", path, {**body, "event": "eclipse"})
    problem(unknown, 422, "invalid-input")
    assert "child_visited" in unknown.text  # what could be recorded is named


async def test_a_note_is_sealed_and_read_by_those_who_may(desk: Desk) -> None:
    filed = await desk.files(narrative="Found at the kiln.")
    referral = filed["referrals"][0]["referral_id"]
    written = await desk.sends(
        "inspector", f"referrals/{referral}/notes", {"note": "The aunt would take her in."}
    )
    assert written.status_code == 200, written.text
    seen = await desk.reads("inspector", f"cases/{filed['case_id']}?open=G4")
    assert [note["text"] for note in seen.json()["notes"]] == [
        "Found at the kiln.",
        "The aunt would take her in.",
    ]
    problem(
        await desk.sends("inspector", f"referrals/{uuid4()}/notes", {"note": "x"}),
        404,
        "not-found",
    )


async def test_each_agency_has_its_own_number(desk: Desk) -> None:
    hand_off = await desk.asks()
    await desk.acts("inspector", hand_off, "docket", number="ACTA 17/2026")
    await desk.acts("social_worker", hand_off, "docket", number="N-4")
    for part, number in (("inspector", "ACTA 17/2026"), ("social_worker", "N-4")):
        seen = await desk.reads(part, f"hand-offs/{hand_off}")
        assert seen.json()["docket"] == number


async def test_a_voice_that_was_reached_is_on_the_case(desk: Desk) -> None:
    filed = await desk.files()
    path = f"referrals/{filed['referrals'][0]['referral_id']}/voice-contacts"
    for reached in (False, True):
        done = await desk.sends("inspector", path, {"reached": reached})
        assert done.status_code == 200, done.text
    seen = (await desk.reads("inspector", f"cases/{filed['case_id']}")).json()
    assert (seen["voice_attempts"], seen["voice_contact_at"]) == (1, "2026-03-02T12:00:00Z")
