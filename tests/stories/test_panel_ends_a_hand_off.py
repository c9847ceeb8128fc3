"""In Thailand a team decides at the end of a hand-off: who sat, dissented and signed is kept."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from referral import casework
from referral.casework import Acted, Intake, PersonTold, Said, Seat, Sitting
from tests.cast import House, asked
from tests.referral.api.desk import Desk, pointers, problem
from tests.referral.forging import caught, send
from tests.referral.web.visiting import Visitor

FACTS = {
    "age": 24,
    "works": True,
    "foreign_national": True,
    "danger_now": True,
    "acts": ["HARBOURING"],
    "means": ["DECEPTION"],
    "purposes": ["FORCED_LABOUR"],
    "language": "mya",
    "th_labour_lead": False,
}
OUTCOME = "VICTIM_OF_TRAFFICKING"
FEEDBACK = "The team heard her with an interpreter."
DISSENT = "She asked for more time and was not given it."
TEAM = [
    {"mandate": "PSDHS", "vote": "agree", "name": "Khun A"},
    {"mandate": "POLICE", "vote": "agree", "name": "Khun B"},
    {"mandate": "NGO", "vote": "disagree", "name": "Khun C", "dissent": DISSENT},
    {"mandate": "PROSECUTION"},
]


@pytest.fixture
def desk(house: House) -> Desk:
    """Thai clients."""
    found = Desk(house)
    for part in ("hotline", "police", "social_worker", "prosecutor", "outsider"):
        found.clients[part] = house.client(part, "th")
    return found


@pytest.fixture
async def in_hand(house: House) -> Acted:
    """The provincial office has the team's hand-off in progress."""
    house.at.forward(days=1)
    intake = Intake(
        client_id=uuid4(), place="TH-74", reported="HT", persons=(PersonTold(facts=FACTS),)
    )
    thai = {"country": "th"}
    filed = await house.manages("hotline", casework.file, intake, **thai)
    taken = await house.manages("police", casework.accept, asked(filed, "TH-01-POLICE"), **thai)
    referral = UUID(taken.referral_id)
    called = await house.manages(
        "police", casework.record_event, referral, "team_asked_for", **thai
    )
    team = asked(called, "TH-12")
    await house.manages("social_worker", casework.accept, team, **thai)
    house.at.forward(hours=1)
    done = await house.manages("social_worker", casework.start, team, **thai)
    assert isinstance(done, Acted)
    return done


def signed(house: House, at: Any = None) -> list[dict[str, Any]]:
    """The team as it sat; who was there has signed, now or then."""
    moment = (at or house.at()).isoformat()
    return [{**seat, **({"signed_at": moment} if "vote" in seat else {})} for seat in TEAM]


def body(house: House, done: Acted, **more: Any) -> dict[str, Any]:
    """What the office's system sends."""
    return {
        "step": "TH-12",
        "outcome": OUTCOME,
        "hand_off_id": done.hand_off_id,
        "note": FEEDBACK,
        "members": signed(house),
        **more,
    }


async def test_it_ends_the_hand_off_and_keeps_vote_dissent_and_signature(
    house: House, desk: Desk, in_hand: Acted
) -> None:
    path = f"referrals/{in_hand.referral_id}/panel-decisions"
    answer = await desk.sends("social_worker", path, body(house, in_hand))
    assert answer.status_code == 200, answer.text
    [row] = await house.rows("SELECT state, outcome FROM referral.hand_off WHERE step = 'TH-12'")
    assert (row["state"], row["outcome"]) == ("completed", OUTCOME)
    [panel] = await house.rows("SELECT * FROM referral.panel_decision")
    assert (str(panel["hand_off_id"]), panel["agreeing"]) == (in_hand.hand_off_id, 2)
    stored = await house.rows("SELECT * FROM referral.panel_member")
    assert DISSENT not in str(stored), "sealed"
    opened = await desk.reads("police", f"cases/{in_hand.case_id}/panel-seats")
    seats = {one["mandate"]["code"]: one for one in opened.json()["seats"]}
    assert {code: one["vote"] for code, one in seats.items()} == {
        "PSDHS": "agree",
        "POLICE": "agree",
        "NGO": "disagree",
        "PROSECUTION": None,
    }
    assert seats["NGO"]["dissent"] == DISSENT
    assert [one["signed_at"] is not None for one in seats.values()] == [
        one["vote"] is not None for one in seats.values()
    ]
    problem(await desk.reads("outsider", f"cases/{in_hand.case_id}/panel-seats"), 404, "not-found")
    again = await desk.sends("social_worker", path, body(house, in_hand))
    problem(again, 409, "transition-not-allowed")


async def test_without_quorum_it_stays_in_hand_and_nothing_is_kept(
    house: House, desk: Desk, in_hand: Acted
) -> None:
    path = f"referrals/{in_hand.referral_id}/panel-decisions"
    few = await desk.sends("social_worker", path, body(house, in_hand, members=signed(house)[:2]))
    assert problem(few, 409, "transition-not-allowed")["rule"] == "quorum"
    alone = await desk.sends(
        "social_worker",
        f"hand-offs/{in_hand.hand_off_id}/completion",
        {"outcome": OUTCOME, "note": FEEDBACK},
    )
    assert problem(alone, 409, "transition-not-allowed")["rule"] == "panel"
    [row] = await house.rows("SELECT state FROM referral.hand_off WHERE step = 'TH-12'")
    assert row["state"] == "in-progress"
    assert await house.rows("SELECT FROM referral.panel_decision") == []


async def test_what_does_not_fit_is_told_place_by_place(
    house: House, desk: Desk, in_hand: Acted
) -> None:
    path = f"referrals/{in_hand.referral_id}/panel-decisions"
    tomorrow = house.at() + timedelta(days=1)
    stranger = str(house.player("inspector", "ar").membership_id)
    prosecutor = str(house.player("prosecutor", "th").membership_id)
    first, second, third, absent = signed(house)
    cases: dict[str, tuple[dict[str, Any], list[str]]] = {
        "another step": ({"step": "TH-13-TOLD"}, ["/step"]),
        "no step at all": ({"step": "XX-99"}, ["/step"]),
        "met tomorrow": ({"occurred_at": tomorrow.isoformat()}, ["/occurred_at"]),
        "signed tomorrow": (
            {"members": signed(house, tomorrow)[:1]},
            ["/members/0/signed_at"],
        ),
        "signed without being there": (
            {"members": [first, {**absent, "signed_at": house.at().isoformat()}]},
            ["/members/1/signed_at"],
        ),
        "somebody nobody knows": (
            {"members": [{**first, "membership": str(uuid4())}, second, third]},
            ["/members/0/membership"],
        ),
        "somebody from abroad": (
            {"members": [{**first, "membership": stranger}, second, third]},
            ["/members/0/membership"],
        ),
        "a prosecutor in the seat of the police": (
            {"members": [first, {**second, "membership": prosecutor}, third]},
            ["/members/1/membership"],
        ),
        "one person in two seats": (
            {
                "members": [
                    {"mandate": "PROSECUTION", "vote": "agree", "membership": prosecutor},
                    {"mandate": "PSDHS", "vote": "agree", "membership": prosecutor},
                ]
            },
            ["/members/1/membership"],
        ),
    }
    for name, (changes, expected) in cases.items():
        answer = await desk.sends("social_worker", path, body(house, in_hand, **changes))
        told = problem(answer, 422, "invalid-input")
        assert list(pointers(told)) == expected, name
    assert await house.rows("SELECT FROM referral.panel_decision") == []


async def test_a_member_of_the_service_is_named_with_her_agency(
    house: House, desk: Desk, in_hand: Acted
) -> None:
    first, second, *rest = signed(house)
    own = house.player("social_worker", "th")
    members = [{**first, "name": None, "membership": str(own.membership_id)}, second, *rest]
    path = f"referrals/{in_hand.referral_id}/panel-decisions"
    done = await desk.sends("social_worker", path, body(house, in_hand, members=members))
    assert done.status_code == 200, done.text
    opened = await desk.reads("police", f"cases/{in_hand.case_id}/panel-seats")
    [seat] = [one for one in opened.json()["seats"] if one["mandate"]["code"] == "PSDHS"]
    [agency] = await house.rows("SELECT name FROM agencies.agency WHERE key = 'PSDHS-TH-74'")
    assert (seat["name"], seat["agency"]) == (own.part.name, agency["name"])


async def test_a_team_that_met_in_time_is_not_late_because_it_was_recorded_late(
    house: House, desk: Desk, in_hand: Acted
) -> None:
    met = house.at() + timedelta(hours=1)
    house.at.forward(hours=30)
    path = f"referrals/{in_hand.referral_id}/panel-decisions"
    sent = body(house, in_hand, occurred_at=met.isoformat())
    done = await desk.sends("social_worker", path, sent)
    assert done.status_code == 200, done.text
    [row] = await house.rows("SELECT occurred_at FROM referral.hand_off WHERE step = 'TH-12'")
    [panel] = await house.rows("SELECT occurred_at FROM referral.panel_decision")
    assert row["occurred_at"] == panel["occurred_at"] == met


async def test_a_decision_of_the_holder_cannot_lie_in_the_future_either(
    house: House, desk: Desk, in_hand: Acted
) -> None:
    sitting = Sitting(
        "TH-12", OUTCOME, (Seat("PSDHS", "agree", name="A"),), house.at() + timedelta(days=3)
    )
    referral = UUID(in_hand.referral_id)
    answer = await house.does(
        "police", casework.decide_panel, referral, sitting, Said(), country="th"
    )
    assert [one["pointer"] for one in answer.extra["errors"]] == ["/occurred_at"]


async def test_another_referrals_hand_off_is_not_ended_through_this_one(
    house: House, desk: Desk, in_hand: Acted
) -> None:
    [other] = await house.rows(
        "SELECT id FROM referral.referral WHERE case_id = $1 AND id <> $2 LIMIT 1",
        UUID(in_hand.case_id),
        UUID(in_hand.referral_id),
    ) or [{"id": uuid4()}]
    path = f"referrals/{other['id']}/panel-decisions"
    problem(await desk.sends("social_worker", path, body(house, in_hand)), 404, "not-found")
    [row] = await house.rows("SELECT state FROM referral.hand_off WHERE step = 'TH-12'")
    assert row["state"] == "in-progress"


def _seat(told: dict[str, str]) -> Seat:
    return Seat(
        told["mandate"], told.get("vote"), name=told.get("name"), dissent=told.get("dissent")
    )


async def test_the_second_lock_knows_whose_seat_it_is(house: House, in_hand: Acted) -> None:
    sitting = Sitting("TH-12", OUTCOME, tuple(map(_seat, TEAM)))
    honest = await caught(
        house,
        "social_worker",
        casework.decide_panel,
        UUID(in_hand.referral_id),
        sitting,
        Said(note=FEEDBACK),
        hand_off_id=UUID(in_hand.hand_off_id or ""),
        country="th",
    )
    abroad = str(house.player("inspector", "ar").membership_id)
    prosecutor = str(house.player("prosecutor", "th").membership_id)
    forgeries: dict[str, tuple[dict[str, Any], str]] = {
        "from abroad": ({"membership": abroad}, "RF017"),
        "of another mandate": ({"membership": prosecutor}, "RF017"),
        "nobody": ({"name": None}, "23514"),
    }
    for name, (columns, code) in forgeries.items():
        payload = deepcopy(honest)
        payload["panel_members"][0].update(columns)
        with pytest.raises(asyncpg.PostgresError) as fault:
            await send(house, "social_worker", payload, "th")
        assert fault.value.sqlstate == code, name


async def test_on_the_page_the_team_decides_at_the_hand_off_too(
    house: House, in_hand: Acted
) -> None:
    visitor = Visitor(await house.browser("social_worker", "th"))
    hand_off = await visitor.see(f"/hand-offs/{in_hand.hand_off_id}")
    address = f"/cases/{in_hand.case_id}/referrals/{in_hand.referral_id}/panels/TH-12"
    case = await visitor.see(f"/cases/{in_hand.case_id}")
    assert address in case.answer.text
    assert hand_off.status == 200
    form = await visitor.see(address)
    typed = {"outcome": OUTCOME, "note": FEEDBACK}
    for number, seat in ((0, TEAM[0]), (1, TEAM[1]), (11, TEAM[2])):
        typed |= {f"vote__{number}": seat["vote"], f"name__{number}": seat["name"]}
        typed |= {f"signed__{number}": "2026-03-03"}
    done = await visitor.follow(await visitor.send(form, address, **typed, dissent__11=DISSENT))
    assert done.status == 200
    assert done.answer.url.path == f"/hand-offs/{in_hand.hand_off_id}"
    case = await Visitor(await house.browser("police", "th")).see(f"/cases/{in_hand.case_id}")
    assert "2 of 3 agreed" in case.words
    rows = await house.rows("SELECT FROM referral.panel_member WHERE signed_at IS NOT NULL")
    assert len(rows) == 3
