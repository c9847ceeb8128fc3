"""What the second lock of operations does not believe: forgeries of honest payloads."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from referral import casework, queries
from referral.casework import Plan
from tests.cast import House, child_at_work
from tests.referral.forging import all_refused, caught, rewritten, send, set_in, without

doing = partial(caught, door="operate")


def plan(house: House, *parts: str) -> Plan:
    """A rescue with these."""
    named = tuple(house.player(part).membership_id for part in parts)
    return Plan("rescue", house.at(), "the kiln behind the market", "Doors at dawn", named)


async def planned(house: House, *parts: str) -> UUID:
    """By Ines."""
    done = await house.manages("inspector", casework.plan_operation, plan(house, *parts))
    return UUID(done.operation_id)


def adding_participant(membership: Any) -> Any:
    """Somebody more is named."""

    def forge(payload: dict[str, Any]) -> None:
        first = payload["operation_participants"][0]
        more = {**first, "id": str(uuid4()), "membership": str(membership)}
        payload["operation_participants"].append(more)

    return forge


async def test_a_plan_comes_with_its_key_and_names_people_who_work_on_cases(house: House) -> None:
    honest = await doing(house, "inspector", casework.plan_operation, plan(house, "river_police"))
    prosecutor = house.player("prosecutor").membership_id
    await house.rows(
        "UPDATE agencies.membership SET valid_until = '2026-02-01' WHERE id = $1", prosecutor
    )
    other = str(house.player("city_police").unit_id)
    await all_refused(
        house,
        "inspector",
        honest,
        {
            "without a key nobody can read it": (without("keys"), "RF019"),
            "an auditor": (adding_participant(house.player("auditor").membership_id), "RF019"),
            "somebody who has left": (adding_participant(prosecutor), "RF019"),
            "abroad": (adding_participant(house.player("inspector", "ar").membership_id), "RF019"),
            "over before it began": (set_in("operations", ending="\\x00"), "RF019"),
            "planned by another": (set_in("operations", planned_by=str(prosecutor)), "RF019"),
            "of another unit": (set_in("operations", unit_id=other), "RF019"),
            "of another country": (set_in("operations", country="AR"), "42501"),
            "told of something else": (rewritten(object_type="case"), "RF015"),
            "told as another act": (rewritten(act="operation.ended"), "RF015"),
        },
        door="operate",
    )
    await send(house, "inspector", honest, door="operate")


async def test_it_ends_in_what_was_filed_from_it_or_with_a_reason(house: House) -> None:
    before = await house.manages("inspector", casework.file, child_at_work())
    house.at.forward(hours=1)
    operation = await planned(house, "river_police")
    house.at.forward(hours=1)
    own = await house.manages("inspector", casework.file, child_at_work())
    foreign = await house.manages("hotline", casework.file, child_at_work())
    end = casework.end_operation
    honest = await doing(house, "inspector", end, operation, "One girl", case_id=UUID(own.case_id))
    silent = await doing(house, "inspector", end, operation, "They were warned")
    await all_refused(
        house,
        "inspector",
        honest,
        {
            "a case of last week": (set_in("operation_ends", case_id=before.case_id), "RF019"),
            "another unit's": (set_in("operation_ends", case_id=foreign.case_id), "RF019"),
            "no case": (set_in("operation_ends", case_id=None), "RF019"),
            "ended unplanned": (set_in("operation_ends", id=str(uuid4())), "RF019"),
            "still planned": (set_in("operation_ends", state="planned"), "RF019"),
        },
        door="operate",
    )
    await all_refused(
        house,
        "inspector",
        silent,
        {"aborted without a word": (set_in("operation_ends", ending=None), "RF019")},
        door="operate",
    )
    refused = await house.does("inspector", end, operation, "found", case_id=UUID(before.case_id))
    assert refused.status == 422, "it was filed before anybody planned this"


async def test_who_cannot_take_part_is_told_so_at_once(house: House) -> None:
    left = house.player("prosecutor").membership_id
    await house.rows(
        "UPDATE agencies.membership SET valid_until = '2026-02-01' WHERE id = $1", left
    )
    for part in ("prosecutor", "auditor", "agency_admin", "coordinator"):
        answer = await house.does("inspector", casework.plan_operation, plan(house, part))
        assert answer.status == 422, part
        assert [one["pointer"] for one in answer.extra["errors"]] == ["/participants"], part


async def test_a_confidential_agency_is_not_named_to_the_others(house: House) -> None:
    operation = await planned(house, "shelter_worker")
    [agency] = await house.rows("SELECT name FROM agencies.agency WHERE key = 'HOUSE'")
    seen = await house.manages("inspector", queries.operation_seen, operation)
    assert "Lena Orr" in seen.content["who"]
    assert any(who.startswith("Ines Porter, ") for who in seen.content["who"])
    assert agency["name"] not in str(seen.content)


async def test_a_plan_without_a_kind_place_or_purpose_is_no_plan(house: House) -> None:
    empty = replace(plan(house), place=" ", what="")
    answer = await house.does("inspector", casework.plan_operation, empty)
    assert [one["pointer"] for one in answer.extra["errors"]] == ["/place", "/what"]


@pytest.mark.parametrize("table", ["operation", "operation_participant"])
async def test_one_lock_open_the_other_still_holds(house: House, table: str) -> None:
    """Row security and the question say the same, each in its own words."""
    operation = await planned(house, "river_police")
    await house.rows(
        f"CREATE POLICY mistake ON referral.{table} FOR SELECT TO referral_app USING (true)"
    )
    for part in ("supervisor", "city_police", "outsider"):
        assert await house.manages(part, queries.operations_of) == (), part
        assert (await house.does(part, queries.operation_seen, operation)).status == 404, part
        ended = await house.does(part, casework.end_operation, operation, "I say so")
        assert ended.status == 404, part


async def test_a_thousand_may_be_found(house: House) -> None:
    """It ends in a group filing: one case, as many persons as there were."""
    operation = await planned(house)
    house.at.forward(minutes=5)
    report = child_at_work()
    group = replace(report, persons=report.persons * 40)
    filed = await house.manages("inspector", casework.file, group)
    house.at.forward(minutes=5)
    done = await house.manages(
        "inspector", casework.end_operation, operation, "Forty", case_id=UUID(filed.case_id)
    )
    assert done.state == "ended"
