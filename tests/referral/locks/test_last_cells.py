"""The cells no plain scene comes to, over HTTP: work that goes on, panels, and acts of two.

Each action is once carried out by whoever a cell allows it and refused to everybody else; and on a
case with a seal or a named exclusion the addresses and row security open the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx

from referral import casework
from referral.access.relationships import Relationship
from referral.casework import Said
from tests.cast import House
from tests.referral.api.desk import ROOT, key
from tests.referral.locks.asking import ASKS, Ask
from tests.referral.locks.narrowed import SHUT, narrow
from tests.referral.locks.scene import (
    HOLDING,
    OVER_IT,
    SENT,
    STANDS,
    TRAVELS,
    filed,
    forgetting,
    furnish,
    more_people,
)
from tests.referral.locks.test_both_locks import (
    NEVER_DONE,
    PEOPLE,
    lacks,
    selected_wrongly,
    send,
    stands,
    told,
    wanted,
)
from tests.referral.test_access import COLUMNS, cell

FEW = ("court", "desk_mate", "inspector", "outsider", "prosecutor", "supervisor")
NEAR = (*FEW, "social_worker", "colleague", "protection_supervisor")
# What there is only later: let through, and told that it is not yet there.
NOT_YET = {
    "GET /api/v1/hand-offs/{hand_off_id}/receipt",
    "GET /api/v1/hand-offs/{hand_off_id}/receipt/file",
    "GET /api/v1/bundles/{bundle_id}/file",
}
STATUS = {"absent": 404, "denied": 403, "of the receiver": 409}
WORK = {"resume", "complete", "fail"}
TEAM = ("trafficking_officer", "trafficking_mate", "trafficking_chief", "hotline")
Clients = Mapping[str, tuple[httpx.AsyncClient, httpx.AsyncClient]]
STANDS["panel"] = {
    "trafficking_officer": HOLDING,
    "trafficking_mate": frozenset({Relationship.HOLDERS_UNIT}),
    "trafficking_chief": OVER_IT,
    "hotline": SENT,
}
VICTIM = {
    "age": 25,
    "works": True,
    "foreign_national": False,
    "zz_on_an_island": True,
    "acts": ["RECRUITMENT"],
    "means": ["DECEPTION"],
    "purposes": ["FORCED_LABOUR"],
}
SEATS = [
    {"mandate": "TRAFFICKING_UNIT", "vote": "agree", "name": "Tomas Reed"},
    {"mandate": "HEALTH", "vote": "agree", "name": "Dr Hale"},
    {"mandate": "SHELTER", "vote": "disagree", "name": "Lena Orr", "dissent": "Too early."},
]
DECISION = {"step": "ZZ-T05", "outcome": "VICTIM_STATUS_CONFIRMED", "members": SEATS}


async def clients(house: House, *more: str) -> Clients:
    """For each person one with nothing shown, and one with all that a cell may ask for."""
    quiet = forgetting(house)
    return {part: (quiet.client(part), await quiet.browser(part)) for part in (*NEAR, *more)}


def _right(state: str, action: str, how: frozenset[Relationship], shown: set[str]) -> str:
    """The one right answer; of another's task, work is done by who received it, holder or not."""
    if not how:
        return "absent"
    missing = lacks(action, how, shown)
    if missing is None or missing:
        return "denied"
    theirs = state == "task" and Relationship.PARTICIPANT not in how
    return "of the receiver" if theirs else "through"


async def everybody_asks(
    people: Clients, state: str, action: str, ids: Mapping[str, str], body: Any = None
) -> set[Relationship]:
    """By all, with nothing shown and with everything; how those stand who were let through."""
    [(route, plain)] = [(route, ask) for route, ask in ASKS if ask.action == action]
    ask = Ask(action, plain.of, plain.body if body is None else body)
    allowed: set[Relationship] = set()
    wrong, refused = [], 0
    for part, (bare, full) in people.items():
        how = stands(state, part, ask.of)
        said = {"R"} if {"note", "reason_code"} & set(ask.body or {}) else set()
        for client, shown in ((bare, said), (full, {"R", "S"})):
            answer = await send(client, route, ask, dict(ids), why="S" in shown)
            right = _right(state, action, how, shown)
            if right == "through" and answer.is_success:
                allowed |= how
            elif answer.status_code == STATUS.get(right):
                refused += 1
            else:
                wrong.append((part, state, action, shown, right, answer.status_code, answer.text))
    assert not wrong, "\n".join(map(str, wrong))
    assert refused
    return allowed


def cells_of(action: str) -> set[Relationship]:
    """Whom a cell allows it."""
    return {who for who in COLUMNS if cell(action, who) != "-"}


async def test_work_goes_on_and_ends_for_whom_a_cell_allows(house: House) -> None:
    scene = await furnish(house)
    worked, task = scene.cases["worked"], scene.cases["task"]
    both = ((worked, "social_worker"), (task, "prosecutor"))
    for case, part in both:
        await house.manages(part, casework.start, UUID(case.ids["hand_off_id"]))
    unfounded = {"outcome": "UNFOUNDED", "note": "It was her sister."}
    opened = {"outcome": "INVESTIGATION_OPENED", "note": "File 17 was opened."}
    people = await clients(house, "night_officer")
    done = {
        "complete": await everybody_asks(people, "worked", "complete", worked.ids, unfounded)
        | await everybody_asks(people, "task", "complete", task.ids, opened),
        "fail": await everybody_asks(people, "worked", "fail", worked.ids)
        | await everybody_asks(people, "task", "fail", task.ids),
    }
    later = house.at().replace(day=house.at().day + 7)
    for case, part in both:
        paused = Said(reason_code="COURT_ORDER", review_at=later)
        await house.manages(part, casework.hold, UUID(case.ids["hand_off_id"]), paused)
    done["resume"] = await everybody_asks(people, "worked", "resume", worked.ids)
    done["resume"] |= await everybody_asks(people, "task", "resume", task.ids)
    for action, allowed in done.items():
        assert cells_of(action) <= allowed, action
    assert set(done) == WORK


async def test_what_two_persons_do_is_asked_for_by_whom_a_cell_allows(house: House) -> None:
    await more_people(house)
    older = await filed(house)
    house.at.forward(minutes=5)
    newer = await filed(house)
    cases = await narrow(house)
    out, in_again = cases["person_out"].ids, {"act": "lift_exclusion"}
    agency = cases["agency_out"].ids
    merging = {"act": "merge", "older": older.reference}
    acts: tuple[tuple[str, str, Mapping[str, str], Any], ...] = (
        ("asked", "void", newer.ids, None),
        ("asked", "merge", newer.ids, merging),
        ("sealed", "unseal", cases["sealed"].ids, None),
        ("sealed_worked", "unseal", cases["sealed_worked"].ids, None),
        ("person_out", "lift_exclusion", out, in_again | {"exclusion": out["exclusion_id"]}),
        ("agency_out", "lift_exclusion", agency, in_again | {"exclusion": agency["exclusion_id"]}),
    )
    people, done = await clients(house), dict[str, set[Relationship]]()
    for state, action, ids, body in acts:
        allowed = await everybody_asks(people, state, action, ids, body)
        done[action] = done.get(action, set()) | allowed
    for action, allowed in done.items():
        assert cells_of(action) <= allowed, action
    assert set(done) == NEVER_DONE - WORK - {"decide_panel"}


async def test_a_panel_decides_for_whom_a_cell_allows(house: House) -> None:
    await more_people(house)
    house.at.to(datetime(2026, 11, 9, 9, tzinfo=UTC))
    body = {"place": "ZZ-E", "reported": "HT", "persons": [{"facts": VICTIM}]}
    answer = await house.client("hotline").post(f"{ROOT}/cases", json=body, headers=key())
    report = answer.json()
    [taken] = [one["hand_off_id"] for one in report["hand_offs"] if one["step"]["code"] == "ZZ-T02"]
    await house.manages("trafficking_officer", casework.accept, UUID(taken))
    [about] = [
        one["referral_id"] for one in report["referrals"] if "trafficking" in str(one["track"])
    ]
    people = await clients(house, *TEAM)
    allowed = await everybody_asks(
        people, "panel", "decide_panel", {"referral_id": about}, DECISION
    )
    assert cells_of("decide_panel") <= allowed


def _reads(state: str) -> Iterable[tuple[str, Ask]]:
    """What is read of a case; a batch that was answered is none."""
    for route, ask in ASKS:
        answered = "batches" in ask.reads and state == "sealed_worked"
        if ask.reads and route.startswith("GET") and not answered:
            yield route, ask


async def test_a_seal_and_an_exclusion_shut_both_locks_alike(house: House) -> None:
    await more_people(house)
    cases = await narrow(house)
    quiet = forgetting(house)
    wrong, asked_for = [], 0
    for part in NEAR:
        client = await quiet.browser(part)
        for state, case in cases.items():
            for route, ask in _reads(state):
                answer = await send(client, route, ask, case.ids, why=True)
                right = wanted(ask, state, part, {"R", "S"})
                asked_for += 1
                early = answer.status_code == HTTPStatus.CONFLICT and route in NOT_YET
                found = "through" if early else told(answer.status_code)
                if found not in right or (found == "through") is not (early or answer.is_success):
                    wrong.append((part, state, route, right, answer.status_code))
    assert not wrong, "\n".join(map(str, wrong))
    assert asked_for > 500
    assert set(cases) == set(SHUT)


async def test_a_seal_and_an_exclusion_hide_every_row_of_it(house: House) -> None:
    await more_people(house)
    wrong: dict[str, Any] = {}
    for state, case in (await narrow(house)).items():
        for part in PEOPLE:
            how = stands(state, part, "case")
            travels = TRAVELS[state].get(part, frozenset())
            about = UUID(case.ids["case_id"])
            if found := await selected_wrongly(house, about, part, how, travels):
                wrong[f"{state} {part}"] = found
    assert wrong == {}
