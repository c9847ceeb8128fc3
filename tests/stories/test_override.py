"""Who sits with the child may know better than the screening; both results stay to be seen."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from referral import casework
from referral.casework import Filed, Said
from tests.cast import House, asked, child_at_work
from tests.referral.api.desk import Desk, pointers, problem
from tests.referral.forging import all_refused, caught, set_in, without
from tests.referral.web.visiting import Visitor

WHY = "He holds her papers; she told me alone."


@pytest.fixture
async def filed(house: House) -> Filed:
    """A girl at work, whom Winnie has taken over; nothing says trafficking so far."""
    filed = await house.manages("inspector", casework.file, child_at_work())
    assert isinstance(filed, Filed)
    assert {one.track for one in filed.referrals} == {"child_protection"}
    await house.manages("social_worker", casework.accept, asked(filed, "ZZ-C01"))
    return filed


async def override(
    house: House,
    filed: Filed,
    topic: str,
    result: str,
    part: str = "social_worker",
    why: str | None = WHY,
) -> Any:
    """As the holder, unless somebody else tries."""
    referral = UUID(filed.referrals[0].referral_id)
    said = Said(reason=why)
    return await house.does(part, casework.override_screening, referral, topic, result, said)


async def results(house: House) -> dict[str, str]:
    """What the child protection referral is routed by."""
    [row] = await house.rows(
        "SELECT results::text FROM referral.referral WHERE track = 'child_protection'"
    )
    import json

    return dict(json.loads(row["results"]))


async def test_a_raise_opens_the_track_it_belongs_to(house: House, filed: Filed) -> None:
    done = await override(house, filed, "HT", "possible")
    assert {ask.track for ask in done.asks} == {"trafficking"}
    assert (await results(house))["HT"] == "possible"
    screenings = await house.rows("SELECT findings->'HT'->>'result' AS ht FROM referral.screening")
    assert {row["ht"] for row in screenings} == {"insufficient"}, "the engine's own stays"
    [row] = await house.rows("SELECT * FROM referral.screening_override")
    assert (row["topic"], row["engine"], row["result"]) == ("HT", "insufficient", "possible")
    assert WHY.encode() not in row["reason"]


async def test_what_was_raised_stays_raised_when_facts_are_amended(
    house: House, filed: Filed
) -> None:
    await override(house, filed, "HT", "possible")
    referral = UUID(filed.referrals[0].referral_id)
    await house.manages("social_worker", casework.amend, referral, {"night_work": True})
    assert (await results(house))["HT"] == "possible"


async def test_a_lower_result_is_kept_and_takes_nothing_back(house: House, filed: Filed) -> None:
    before = await house.rows("SELECT id, state FROM referral.hand_off ORDER BY id")
    done = await override(house, filed, "CL", "not_indicated")
    assert done.asks == done.superseded == ()
    assert await house.rows("SELECT id, state FROM referral.hand_off ORDER BY id") == before
    assert (await results(house))["CL"] == "indicated"
    [row] = await house.rows("SELECT engine, result FROM referral.screening_override")
    assert tuple(row) == ("indicated", "not_indicated")


async def test_a_reason_is_asked_for_and_only_the_holder_may(house: House, filed: Filed) -> None:
    refused = await override(house, filed, "HT", "possible", why=None)
    assert refused.type == "reason-required"
    for part, status in (("inspector", 403), ("outsider", 404), ("prosecutor", 403)):
        assert (await override(house, filed, "HT", "possible", part)).status == status, part
    wrong = await override(house, filed, "XX", "insufficient")
    assert {fault["pointer"] for fault in wrong.extra["errors"]} == {"/topic", "/result"}
    same = await override(house, filed, "CL", "indicated")
    assert same.extra["errors"][0]["code"] == "same"
    supervisor = await override(house, filed, "HT", "possible", "protection_supervisor")
    assert supervisor.holder_unit == str(house.player("social_worker").unit_id)


async def test_over_json_and_on_the_page_both_results_are_seen(house: House, filed: Filed) -> None:
    desk = Desk(house)
    path = f"referrals/{filed.referrals[0].referral_id}/screening-overrides"
    body = {"topic": "HT", "result": "possible", "reason": WHY}
    done = await desk.sends("social_worker", path, body)
    assert done.status_code == 200, done.text
    wrong = problem(
        await desk.sends("social_worker", path, {**body, "topic": "X"}), 422, "invalid-input"
    )
    assert list(pointers(wrong)) == ["/topic"]
    seen = await desk.reads("social_worker", f"cases/{filed.case_id}")
    [person] = seen.json()["persons"]
    assert person["screening"]["HT"]["result"] == "insufficient"
    assert [one["result"] for one in person["overrides"]] == ["possible"]
    assert WHY not in seen.text
    visitor = Visitor(await house.browser("social_worker"))
    page = await visitor.see(f"/cases/{filed.case_id}")
    assert "recorded by hand: Possible" in page.words
    address = f"/referrals/{filed.referrals[0].referral_id}/screening"
    silent = await visitor.send(page, address, topic="FL", result="possible")
    assert silent.status == 422
    assert "Say why you know better." in silent.words
    over = await visitor.follow(
        await visitor.send(page, address, topic="FL", result="possible", reason=WHY)
    )
    assert over.words.count("recorded by hand") == 2


async def test_the_second_lock_lets_only_the_holder_override(house: House, filed: Filed) -> None:
    referral = UUID(filed.referrals[0].referral_id)
    honest = await caught(
        house,
        "social_worker",
        casework.override_screening,
        referral,
        "CL",
        "not_indicated",
        Said(reason=WHY),
    )
    other = str(house.player("inspector").membership_id)
    await all_refused(
        house,
        "social_worker",
        honest,
        {
            "in another's name": (set_in("overrides", by_member=other), "RF012"),
            "a topic there is not": (set_in("overrides", topic="XX"), "23514"),
            "without its row": (without("overrides"), "RF015"),
        },
    )
