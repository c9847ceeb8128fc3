"""An agency's people over JSON: read with a token, changed only by somebody who is signed in."""

from __future__ import annotations

from typing import Any

import httpx

from tests.cast import House
from tests.referral.api.desk import ROOT, Desk, key, problem

AT = f"{ROOT}/members"


async def seen(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get(AT)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def somebody(roster: dict[str, Any], **more: str) -> dict[str, str]:
    unit = next(unit["id"] for unit in roster["units"] if unit["intake"])
    return {"user_name": "nora.zz", "name": "Nora Quill", "unit": unit, "role": "OFFICER", **more}


async def test_an_administrator_sees_her_agency_and_a_supervisor_her_unit(desk: Desk) -> None:
    whole = await seen(desk.of("agency_admin"))
    own = await seen(desk.of("supervisor"))
    assert {one["user_name"] for one in whole["members"]} >= {"inspector.zz", "agency_admin.zz"}
    assert {one["unit_id"] for one in own["members"]} == {own["units"][0]["id"]}
    assert "social_worker.zz" not in str(whole) + str(own)
    problem(await desk.reads("inspector", "members"), 403, "not-permitted")


async def test_an_act_repeated_with_its_key_is_done_once_and_the_secret_told_once(
    house: House,
) -> None:
    ada, same = await house.browser("agency_admin"), key()
    body = somebody(await seen(ada))
    first = await ada.post(AT, json=body, headers=same)
    assert first.status_code == 201, first.text
    assert first.json()["outcome"] == "given"
    again = await ada.post(AT, json=body, headers=same)
    assert again.status_code == 201
    assert again.json() == {**first.json(), "secret": None}
    problem(await ada.post(AT, json=body, headers=key()), 409, "user-name-taken")
    assert len(await house.rows("SELECT 1 FROM agencies.member WHERE name = 'Nora Quill'")) == 1


async def test_a_role_that_takes_two_goes_from_one_to_the_other(house: House) -> None:
    ada, solomon = await house.browser("agency_admin"), await house.browser("supervisor")
    asked = await ada.post(AT, json=somebody(await seen(ada), role="AUDITOR"), headers=key())
    assert asked.json()["outcome"] == "asked"
    (grant,) = (await seen(solomon))["grants"]
    assert not grant["mine"]
    assert (await seen(ada))["grants"][0]["mine"]
    where = f"{AT}/grants/{grant['id']}/answer"
    problem(await ada.post(where, json={"agreed": True}, headers=key()), 403, "not-permitted")
    done = await solomon.post(where, json={"agreed": True}, headers=key())
    assert done.json() == {"outcome": "given"}
    assert (await seen(ada))["grants"] == []


async def test_absences_and_duties_are_noted_and_ended(house: House) -> None:
    solomon = await house.browser("supervisor")
    seat = str(house.player("inspector").membership_id)
    days = {"seat": seat, "first": "2026-03-02", "last": "2026-03-04"}
    for kind in ("absences", "duties"):
        noted = await solomon.post(f"{AT}/{kind}", json=days, headers=key())
        assert noted.json() == {"outcome": "noted"}
        (line,) = (await seen(solomon))[kind]
        assert (line["first"], line["last"]) == ("2026-03-02", "2026-03-04")
        problem(await solomon.post(f"{AT}/{kind}", json=days, headers=key()), 409, "overlaps")
        ended = await solomon.post(f"{AT}/{kind}/{line['id']}/end", headers=key())
        assert ended.json() == {"outcome": "ended"}
        assert (await seen(solomon))[kind] == []
    wrong = {**days, "last": "2026-03-01"}
    problem(await solomon.post(f"{AT}/absences", json=wrong, headers=key()), 422, "invalid-input")


async def test_a_token_reads_and_changes_nobody(desk: Desk) -> None:
    roster = await seen(desk.of("agency_admin"))
    member, seat = roster["members"][0]["member_id"], roster["members"][0]["membership_id"]
    days = {"seat": seat, "first": "2026-03-02", "last": "2026-03-04"}
    for path, body in (
        ("members", somebody(roster)),
        (f"members/{member}/access", {"active": False}),
        (f"members/roles/{seat}/end", None),
        ("members/absences", days),
        ("members/duties", days),
    ):
        problem(await desk.sends("agency_admin", path, body), 403, "step-up-required")
    assert (await seen(desk.of("agency_admin")))["absences"] == []


async def test_fields_nobody_has_written_down_are_refused(house: House) -> None:
    ada = await house.browser("agency_admin")
    body = {**somebody(await seen(ada)), "active": True, "password_hash": "x", "country": "AR"}
    problem(await ada.post(AT, json=body, headers=key()), 422, "invalid-input")
