"""One event, many persons: filed in one command, one line in the inbox, all or one by one."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from protocols.lifecycle import Act
from referral import casework, queries
from referral.casework import Filed, Intake, PersonTold
from tests.cast import PLACE, House, asked
from tests.referral.api.desk import Desk, key, problem

_CHILD = {"works": True, "econ_hours": 20, "beneficiary": "other"}
_TRAFFICKED = {
    "works": True,
    "acts": ["RECRUITMENT"],
    "means": ["DECEPTION"],
    "purposes": ["FORCED_LABOUR"],
    "foreign_national": True,
}


def bus(count: int, **more: Any) -> Intake:
    """Children of eight to thirteen on one bus, each by name, and some who ran away."""
    persons = [
        PersonTold(facts={"age": 8 + n % 6}, identity={"name": f"Child {n}"}) for n in range(count)
    ]
    return Intake(
        client_id=uuid4(),
        place=PLACE,
        reported="CL",
        common=_CHILD,
        persons=tuple(persons),
        workplace={"name": "Orchard by the river"},
        **more,
    )


async def filed_bus(house: House, count: int = 4) -> tuple[Filed, UUID]:
    """Filed, and the batch the office is asked with."""
    filed = await house.manages("inspector", casework.file, bus(count))
    assert isinstance(filed, Filed)
    (batch,) = {ask.batch for ask in filed.asks if ask.step == "ZZ-C01"}
    return filed, UUID(batch)


async def test_one_case_one_referral_each_one_line(house: House) -> None:
    filed, batch = await filed_bus(house)
    assert len(filed.persons) == len(filed.referrals) == 4
    assert len({one.referral_id for one in filed.asks}) == 4
    inbox = await house.manages("social_worker", queries.inbox_of, together=True)
    [line] = inbox.lines
    assert (line.together, line.batch) == (4, batch)
    every = await house.manages("social_worker", queries.inbox_of)
    assert len(every.lines) == 4


async def test_all_are_accepted_in_one_act_each_with_entries_of_its_own(house: House) -> None:
    filed, batch = await filed_bus(house)
    done = await house.manages("social_worker", casework.act_on_batch, batch, Act.ACCEPT)
    assert len(done.hand_offs) == 4
    holders = await house.rows("SELECT DISTINCT holder_unit FROM referral.referral")
    assert [row["holder_unit"] for row in holders] == [house.player("social_worker").unit_id]
    entries = await house.rows(
        "SELECT act, count(DISTINCT object_id) AS n FROM referral.audit_entry "
        "WHERE act IN ('hand_off.accepted', 'referral.custody_moved') GROUP BY act"
    )
    assert {row["act"]: row["n"] for row in entries} == {
        "hand_off.accepted": 4,
        "referral.custody_moved": 4,
    }
    follow = {ask.batch for ask in done.asks if ask.step == "ZZ-C04"}
    assert len(follow) == 1, "what follows for all of them is one line again"
    inbox = await house.manages("prosecutor", queries.inbox_of, together=True)
    assert [one.together for one in inbox.lines] == [4]
    assert filed.reference == inbox.lines[0].reference


async def test_who_was_answered_alone_stays_answered(house: House) -> None:
    filed, batch = await filed_bus(house)
    alone = asked(filed, "ZZ-C01")
    await house.manages("social_worker", casework.accept, alone)
    inbox = await house.manages("social_worker", queries.inbox_of, together=True)
    assert sorted((one.state, one.together) for one in inbox.lines) == [
        ("accepted", 1),
        ("requested", 3),
    ]
    done = await house.manages("social_worker", casework.act_on_batch, batch, Act.ACCEPT)
    assert len(done.hand_offs) == 3
    assert str(alone) not in done.hand_offs
    again = await house.does("social_worker", casework.act_on_batch, batch, Act.ACCEPT)
    assert again.status == 409
    assert "accepted" in again.detail


async def test_one_that_may_not_be_done_refuses_all_and_says_which(house: House) -> None:
    """The gate: no order of the inspectorate before the unit has decided on their status."""
    intake = Intake(
        client_id=uuid4(),
        place=PLACE,
        reported="HT",
        common=_TRAFFICKED,
        persons=tuple(PersonTold(facts={"age": age}) for age in (25, 30)),
    )
    filed = await house.manages("hotline", casework.file, intake)
    batch = next(UUID(ask.batch) for ask in filed.asks if ask.step == "ZZ-T08")
    refused = await house.does("inspector", casework.act_on_batch, batch, Act.ACCEPT)
    assert refused.status == 409
    assert refused.detail.startswith("Person 1: ")
    states = await house.rows(
        "SELECT DISTINCT state FROM referral.hand_off WHERE batch = $1", batch
    )
    assert [row["state"] for row in states] == ["requested"]
    tried = await house.rows("SELECT act FROM referral.audit_entry WHERE object_id = $1", batch)
    assert [row["act"] for row in tried] == ["act.refused"]


async def test_a_batch_of_others_is_not_there(house: House) -> None:
    _, batch = await filed_bus(house)
    for part in ("outsider", "inspector", "auditor"):
        answers = [
            await house.does(part, casework.act_on_batch, which, Act.ACCEPT)
            for which in (batch, uuid4())
        ]
        assert [answer.status for answer in answers] == [404, 404], part
        assert answers[0].detail == answers[1].detail


async def test_over_json_with_a_placeholder_for_those_not_yet_known(house: House) -> None:
    desk = Desk(house)
    filed = await desk.files(
        common=_CHILD,
        persons=[
            {"facts": {"age": 9}, "identity": {"name": "Amal Doe"}},
            {"facts": {"age": 12, "econ_hours": None}},
            {"identified": False, "headcount": 40, "facts": {"headcount": 40}},
        ],
    )
    assert [one["number"] for one in filed["persons"]] == [1, 2, 3]
    facts = await house.rows(
        "SELECT f.facts FROM referral.case_facts f JOIN referral.person p ON p.id = f.person_id "
        "ORDER BY p.number"
    )
    assert '"econ_hours"' in facts[0]["facts"]
    assert '"econ_hours"' not in facts[1]["facts"], "null: not hers, and not known of her"
    batch = next(one["batch"] for one in filed["hand_offs"] if one["step"]["code"] == "ZZ-C01")
    lines = (await desk.reads("social_worker", "hand-offs?together=true")).json()["hand_offs"]
    assert [line["together"] for line in lines] == [3]
    listed = (await desk.reads("social_worker", f"hand-offs/batches/{batch}")).json()
    assert [one["headcount"] for one in listed["hand_offs"]] == [1, 1, 40]
    once = key()
    path = f"hand-offs/batches/{batch}/acceptance"
    first = await desk.sends("social_worker", path, None, once)
    again = await desk.sends("social_worker", path, None, once)
    assert first.status_code == again.status_code == 200, first.text
    assert first.json()["hand_offs"] == again.json()["hand_offs"]
    problem(await desk.sends("outsider", path), 404, "not-found")
    problem(await desk.sends("social_worker", path), 409, "transition-not-allowed")


async def test_a_thousand_are_filed_and_one_more_is_too_many(house: House) -> None:
    desk = Desk(house)
    persons = [
        {"facts": {"age": 8 + n % 6}, "identity": {"name": f"Child {n}"}} for n in range(1001)
    ]
    told = await desk.sends("inspector", "cases", {"place": PLACE, "persons": persons})
    assert problem(told, 422, "invalid-input")["errors"][0]["pointer"] == "/persons"
    filed = await desk.files(common=_CHILD, persons=persons[:1000])
    assert len(filed["referrals"]) == 1000


async def test_a_batch_is_declined_with_one_reason_for_all(house: House) -> None:
    desk = Desk(house)
    _, batch = await filed_bus(house)
    path = f"hand-offs/batches/{batch}/decline"
    problem(await desk.sends("social_worker", path, {}), 422, "invalid-input")
    said = {"reason_code": "NO_CAPACITY", "note": "Both our teams are at the flood."}
    answer = await desk.sends("social_worker", path, said)
    assert answer.status_code == 200
    assert answer.json()["made"] == [], "who declines is not told who is asked next"
    notes = await house.rows("SELECT count(*) FROM referral.note WHERE kind = 'decline'")
    assert notes[0]["count"] == 4
