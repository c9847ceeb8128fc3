"""A calendar is changed at the doors: JSON and page, and everybody who may not."""

from __future__ import annotations

from datetime import UTC, datetime

from referral import worker
from tests.cast import House
from tests.referral.api.desk import Desk, asked, problem
from tests.referral.web.visiting import Visitor

DECREE = {
    "kind": "declared",
    "calendars": ["court"],
    "day": "2026-03-04",
    "name": "National day of mourning",
    "source": "Decree 12 of 2 March 2026",
}


async def waiting(desk: Desk) -> str:
    """The prosecutor has two working days to answer."""
    taken = await desk.acts("social_worker", await desk.asks(), "acceptance")
    return asked(taken, "ZZ-C04")


async def test_over_json(house: House, desk: Desk) -> None:
    hand_off = await waiting(desk)
    for part in ("inspector", "supervisor", "outsider", "auditor"):
        problem(await desk.reads(part, "calendars"), 403, "not-permitted")
        problem(await desk.sends(part, "calendars/previews", DECREE), 403, "not-permitted")
        problem(await desk.sends(part, "calendars/changes", DECREE), 403, "not-permitted")
    unsourced = {**DECREE, "source": " "}
    problem(await desk.sends("coordinator", "calendars/changes", unsourced), 422, "invalid-input")
    found = (await desk.sends("coordinator", "calendars/previews", DECREE)).json()
    (moved,) = found["limits"]
    assert moved["before"].startswith("2026-03-04T")
    assert moved["after"].startswith("2026-03-05T")
    done = await desk.sends("coordinator", "calendars/changes", DECREE)
    assert done.status_code == 201, done.text
    await worker.turn(house.clockwork, house.at())
    listed = (await desk.reads("coordinator", "calendars")).json()
    (change,) = listed["changes"]
    assert (change["id"], change["source"]) == (done.json()["id"], DECREE["source"])
    assert change["looked_at"] is not None
    # Whoever works on it sees by when it is due now, by when it was, and which decree moved it.
    seen = (await desk.reads("prosecutor", f"hand-offs/{hand_off}")).json()
    (limit,) = [one for one in seen["limits"] if one["clock"] == "ZZ-C04.answer"]
    assert limit["due"]["at"].startswith("2026-03-05T")
    (before,) = limit["before"]
    assert before["due_at"].startswith("2026-03-04T")
    assert (before["name"], before["source"]) == (DECREE["name"], DECREE["source"])
    page = await Visitor(await house.browser("prosecutor")).see(f"/hand-offs/{hand_off}")
    assert "National day of mourning (Decree 12 of 2 March 2026)" in page.words
    again = await desk.sends("coordinator", "calendars/changes", DECREE)
    assert problem(again, 422, "invalid-input")["errors"][0]["code"] == "already-entered"


async def test_as_a_page(house: House, desk: Desk) -> None:
    await waiting(desk)
    cora = Visitor(await house.browser("coordinator"))
    page = await cora.see("/calendars")
    wrong = await cora.send(page, "/calendars/preview", **{**DECREE, "source": ""})
    assert wrong.status == 422
    assert "Name the decree" in wrong.words
    seen = await cora.send(page, "/calendars/preview", **DECREE)
    assert seen.status == 200
    assert "Running limits that would end at another moment: 1" in seen.words
    assert "Nothing is entered yet" in seen.words
    page = await cora.follow(await cora.send(seen, "/calendars"))
    assert "The change is entered" in page.words
    assert "National day of mourning" in page.words
    for part in ("inspector", "outsider"):
        assert (await Visitor(await house.browser(part)).see("/calendars")).status == 403


async def test_until_when_the_holidays_are_known_is_said_and_in_time(house: House) -> None:
    """A limit that reaches beyond is counted without holidays: who coordinates hears it before."""
    cora = Visitor(await house.browser("coordinator"))
    known = house.installation.catalogue.calendars("ZZ").covered.stop - 1
    page = await cora.see("/calendars")
    assert f"Holidays are known until 31 December {known}" in page.words
    assert "Ends soon" not in page.words
    house.at.to(datetime(known, 10, 15, 12, tzinfo=UTC))
    cora = Visitor(await house.browser("coordinator"))
    assert "Ends soon" in (await cora.see("/calendars")).words
