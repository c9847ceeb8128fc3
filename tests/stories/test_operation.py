"""A rescue is planned by name: whoever is not named in it never learns that there is one."""

from __future__ import annotations

from uuid import UUID, uuid4

import asyncpg
import pytest

from referral import casework, queries
from referral.casework import Plan
from referral.database import scalar
from tests.cast import House, child_at_work
from tests.referral.api.desk import Desk, problem
from tests.referral.web.visiting import Visitor

WHAT = "Doors at dawn, the river police by boat"


async def planned(house: House) -> UUID:
    """By Ines, with Rita of the river police."""
    rita = house.player("river_police").membership_id
    plan = Plan("rescue", house.at(), "the kiln behind the market", WHAT, (rita,))
    done = await house.manages("inspector", casework.plan_operation, plan)
    return UUID(done.operation_id)


async def test_only_who_is_named_ever_sees_a_row(house: House) -> None:
    operation = await planned(house)
    seen = {}
    for part in ("inspector", "river_police", "supervisor", "city_police", "outsider", "auditor"):
        async with house.acting(part) as (session, _):
            counts = [
                await scalar(session.connection, f"SELECT count(*) FROM referral.{table}")
                for table in ("operation", "operation_participant")
            ]
            key = await scalar(session.connection, "SELECT referral.operation_key($1)", operation)
        seen[part] = (*counts, key is not None)
    named, nobody = (1, 1, True), (0, 0, False)
    assert seen == dict.fromkeys(seen, nobody) | {"inspector": named, "river_police": named}
    [stored] = await house.rows("SELECT * FROM referral.operation")
    assert WHAT.encode() not in stored["content"]
    assert not {name for name, value in stored.items() if hasattr(value, "year")}, "no date"


async def test_it_is_opened_by_name_and_the_log_keeps_it(house: House) -> None:
    operation = await planned(house)
    seen = await house.manages("river_police", queries.operation_seen, operation)
    assert seen.content["what"] == WHAT
    assert [who.split(",")[0] for who in seen.content["who"]] == ["Ines Porter", "Rita Mazur"]
    reads = await house.rows("SELECT object_id FROM referral.audit_entry WHERE act = 'case.read'")
    assert [row["object_id"] for row in reads] == [operation]
    for part in ("supervisor", "outsider"):
        hidden = await house.does(part, queries.operation_seen, operation)
        absent = await house.does(part, queries.operation_seen, uuid4())
        assert (hidden.status, hidden.detail) == (404, absent.detail)


async def test_it_ends_in_a_filing_of_the_unit_or_is_aborted_with_a_reason(house: House) -> None:
    operation = await planned(house)
    filed = await house.manages("hotline", casework.file, child_at_work())
    foreign = UUID(filed.case_id)
    refused = await house.does(
        "inspector", casework.end_operation, operation, "found", case_id=foreign
    )
    assert refused.status == 422, "a case of another unit"
    silent = await house.does("inspector", casework.end_operation, operation, " ")
    assert silent.status == 422
    outsider = await house.does("supervisor", casework.end_operation, operation, "I say so")
    assert outsider.status == 404
    own = await house.manages("inspector", casework.file, child_at_work())
    done = await house.manages(
        "inspector", casework.end_operation, operation, "One girl", case_id=UUID(own.case_id)
    )
    assert done.state == "ended"
    again = await house.does("river_police", casework.end_operation, operation, "warned")
    assert again.status == 409
    second = await planned(house)
    aborted = await house.manages(
        "river_police", casework.end_operation, second, "They were warned"
    )
    assert aborted.state == "aborted"


async def test_over_json_lists_show_no_date(house: House) -> None:
    desk = Desk(house)
    body = {
        "kind": "joint_visit",
        "planned_at": "2026-04-01T05:00:00Z",
        "place": "the kiln",
        "what": WHAT,
        "participants": [str(house.player("social_worker").membership_id)],
    }
    made = await desk.sends("inspector", "operations", body)
    assert made.status_code == 201, made.text
    path = f"operations/{made.json()['operation_id']}"
    listed = await desk.reads("social_worker", "operations")
    assert len(listed.json()["operations"]) == 1
    assert "2026" not in listed.text
    assert (await desk.reads("social_worker", path)).json()["place"] == "the kiln"
    problem(await desk.reads("supervisor", path), 404, "not-found")
    problem(await desk.reads("coordinator", "operations"), 403, "not-permitted")
    unknown = {**body, "participants": [str(uuid4())]}
    problem(await desk.sends("inspector", "operations", unknown), 422, "invalid-input")
    ended = await desk.sends("social_worker", f"{path}/end", {"words": "Somebody warned them"})
    assert ended.json()["state"] == "aborted"


async def test_on_the_page(house: House) -> None:
    visitor = Visitor(await house.browser("inspector"))
    form = await visitor.see("/operations")
    typed = {"planned_at": "2026-04-01", "place": "the kiln", "what": WHAT}
    wrong = await visitor.send(form, "/operations", **typed, participants="nobody.zz")
    assert wrong.status == 422
    assert "nobody.zz" in wrong.words
    page = await visitor.follow(
        await visitor.send(form, "/operations", **typed, participants="river_police.zz")
    )
    assert WHAT in page.words
    assert "Rita Mazur" in page.words
    over = await visitor.follow(await visitor.send(page, "/end", words="Somebody warned them"))
    assert "Aborted" in over.words
    assert "2026" not in (await visitor.see("/operations")).words.split("Plan one")[0]
    stranger = Visitor(await house.browser("supervisor"))
    assert (await stranger.see(page.answer.url.path)).status == 404


async def test_the_second_lock_knows_who_takes_part(house: House) -> None:
    operation = await planned(house)
    end = f'{{"operation_ends": [{{"id": "{operation}", "state": "aborted"}}]}}'
    async with house.acting("supervisor") as (session, _):
        driver = (await session.connection.get_raw_connection()).driver_connection
        assert driver is not None
        for payload, code in (("{}", "RF001"), ('{"moves": []}', "RF009"), (end, "RF001")):
            with pytest.raises(asyncpg.PostgresError) as fault:
                async with driver.transaction():
                    await driver.execute("SELECT referral.operate($1::jsonb)", payload)
            assert fault.value.sqlstate == code
