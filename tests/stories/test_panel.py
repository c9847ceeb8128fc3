"""Nobody decides alone whether somebody is a victim: a panel does, once its quorum has met."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from referral import casework
from referral.casework import Filed, Intake, PersonTold, Seat, Sitting
from referral.database import scalar
from tests.cast import House, asked
from tests.referral.api.desk import Desk, key, problem
from tests.referral.forging import all_refused, caught, set_in, without
from tests.referral.web.visiting import Visitor

_FACTS = {
    "age": 25,
    "works": True,
    "foreign_national": False,
    "zz_on_an_island": True,
    "acts": ["RECRUITMENT"],
    "means": ["DECEPTION"],
    "purposes": ["FORCED_LABOUR"],
}
OUTCOME = "VICTIM_STATUS_CONFIRMED"
MET = (
    Seat("TRAFFICKING_UNIT", "agree", name="Tomas Reed"),
    Seat("HEALTH", "agree", name="Dr Hale"),
    Seat("SHELTER", "disagree", name="Lena Orr", dissent="She was not asked in her language."),
    Seat("PROSECUTION"),
)


@pytest.fixture
async def filed(house: House) -> Filed:
    """The pilot of the East applies, and the trafficking unit has taken the person over."""
    house.at.to(datetime(2026, 11, 9, 9, tzinfo=UTC))
    intake = Intake(
        client_id=uuid4(), place="ZZ-E", reported="HT", persons=(PersonTold(facts=_FACTS),)
    )
    filed = await house.manages("hotline", casework.file, intake)
    assert isinstance(filed, Filed)
    await house.manages("trafficking_officer", casework.accept, asked(filed, "ZZ-T02"))
    return filed


def referral_of(filed: Filed) -> UUID:
    """The one the panel decides about."""
    return next(UUID(one.referral_id) for one in filed.referrals if one.track == "trafficking")


async def decide(
    house: House, filed: Filed, *seats: Seat, part: str = "trafficking_officer"
) -> Any:
    """As the unit that convenes it."""
    sitting = Sitting("ZZ-T05", OUTCOME, seats)
    return await house.does(part, casework.decide_panel, referral_of(filed), sitting)


async def test_without_a_quorum_nothing_is_decided_and_the_log_knows_who_tried(
    house: House, filed: Filed
) -> None:
    refused = await decide(house, filed, *MET[:2])
    assert (refused.status, refused.extra["rule"]) == (409, "quorum")
    assert "3 are needed" in refused.detail
    refused = await decide(house, filed, *(MET[1:3]), Seat("PROSECUTION", "agree", name="Pia"))
    assert refused.extra["rule"] == "quorum"
    assert "must sit" in refused.detail
    tried = await house.rows("SELECT count(*) FROM referral.audit_entry WHERE act = 'act.refused'")
    assert tried[0]["count"] == 2
    assert await house.rows("SELECT FROM referral.panel_decision") == []
    alone = await house.does(
        "trafficking_officer", casework.record_event, referral_of(filed), f"ZZ-T05 {OUTCOME}"
    )
    assert alone.status == 409, "nor can it be recorded as if nobody had to vote"


async def test_a_quorum_decides_and_what_follows_is_opened(house: House, filed: Filed) -> None:
    done = await decide(house, filed, *MET)
    assert [ask.step for ask in done.asks] == ["ZZ-T06"]
    [row] = await house.rows("SELECT * FROM referral.panel_decision")
    assert (row["agreeing"], row["quorum"], row["agree"]) == (2, 3, 2)
    assert sorted(row["present"]) == ["HEALTH", "SHELTER", "TRAFFICKING_UNIT"]
    members = await house.rows("SELECT name, dissent FROM referral.panel_member")
    assert len(members) == 4
    assert "Lena" not in str(members), "names and dissent are sealed"
    [entry] = await house.rows("SELECT * FROM referral.audit_entry WHERE act = 'panel.decided'")
    assert (entry["object_type"], entry["object_id"]) == ("panel", row["id"])


async def test_a_list_that_makes_no_sense_is_told_place_by_place(
    house: House, filed: Filed
) -> None:
    refused = await decide(
        house,
        filed,
        Seat("HEALTH", "agree", name="Dr Hale"),
        Seat("HEALTH", "agree", name="Dr Hale"),
        Seat("SHELTER", "disagree"),
        Seat("PROSECUTION", dissent="by letter"),
    )
    assert refused.status == 422
    assert [fault["pointer"] for fault in refused.extra["errors"]] == [
        "/members/1/mandate",
        "/members/2/name",
        "/members/3/dissent",
    ]


async def test_only_who_holds_the_person_convenes(house: House, filed: Filed) -> None:
    for part, status in (("outsider", 404), ("hotline", 403), ("prosecutor", 404)):
        refused = await decide(house, filed, *MET, part=part)
        assert refused.status == status, part


async def test_over_json_the_case_tells_it_and_opens_who_sat_only_with_the_narrative(
    house: House, filed: Filed
) -> None:
    desk, once = Desk(house), key()
    members = [
        {"mandate": seat.mandate, "vote": seat.vote, "name": seat.name, "dissent": seat.dissent}
        for seat in MET
    ]
    body = {"step": "ZZ-T05", "outcome": OUTCOME, "members": members}
    path = f"referrals/{referral_of(filed)}/panel-decisions"
    first = await desk.sends("trafficking_officer", path, body, once)
    again = await desk.sends("trafficking_officer", path, body, once)
    assert first.status_code == 200, first.text
    assert first.json() == again.json()
    twice = await desk.sends("trafficking_officer", path, body)
    assert problem(twice, 409, "transition-not-allowed")["rule"] == "known event"
    seen = await desk.reads("trafficking_officer", f"cases/{filed.case_id}")
    [panel] = seen.json()["panels"]
    assert (panel["agreeing"], panel["outcome"]["code"]) == (2, OUTCOME)
    assert "Lena" not in seen.text
    seats = f"cases/{filed.case_id}/panel-seats"
    opened = await desk.reads("trafficking_officer", seats)
    assert [one["name"] for one in opened.json()["seats"] if one["vote"] == "disagree"] == [
        "Lena Orr"
    ]
    assert "She was not asked in her language." in opened.text
    reads = await house.rows("SELECT count(*) FROM referral.audit_entry WHERE act = 'case.read'")
    assert reads[0]["count"] == 1
    problem(await desk.reads("hotline", seats), 403, "not-permitted")
    problem(await desk.reads("outsider", seats), 404, "not-found")


async def test_on_the_page_the_protocol_lists_who_sits(house: House, filed: Filed) -> None:
    visitor = Visitor(await house.browser("trafficking_officer"))
    address = f"/cases/{filed.case_id}/referrals/{referral_of(filed)}/panels/ZZ-T05"
    case = await visitor.see(f"/cases/{filed.case_id}")
    assert address in case.answer.text
    form = await visitor.see(address)
    assert "At least 3 must be present and 2 agree." in form.words
    typed = {"outcome": OUTCOME, "vote__0": "agree", "name__0": "Tomas Reed", "vote__2": "agree"}
    nameless = await visitor.send(form, address, **typed)
    assert nameless.status == 422
    assert "Name who sat" in nameless.words
    few = await visitor.send(form, address, **typed, name__2="Dr Hale")
    assert few.status == 422
    assert "3 are needed" in few.words
    seats = {"name__2": "Dr Hale", "vote__1": "abstain", "name__1": "Lena Orr"}
    done = await visitor.follow(await visitor.send(form, address, **typed, **seats))
    assert "2 of 3 agreed" in done.words
    stranger = Visitor(await house.browser("outsider"))
    assert (await stranger.see(address)).status == 404


async def test_the_second_lock_counts_the_votes_again(house: House, filed: Filed) -> None:
    sitting = Sitting("ZZ-T05", OUTCOME, MET)
    honest = await caught(
        house, "trafficking_officer", casework.decide_panel, referral_of(filed), sitting
    )
    voted = deepcopy(honest["panel_members"])
    for member in voted:
        member["vote"] = "agree" if member["present"] else None
    await all_refused(
        house,
        "trafficking_officer",
        honest,
        {
            "another convenor": (
                set_in("panels", convenor=str(house.player("prosecutor").unit_id)),
                "RF017",
            ),
            "another outcome": (set_in("panels", outcome="VICTIM_STATUS_NOT_CONFIRMED"), "RF017"),
            "more who agree": (set_in("panels", agreeing=3), "RF017"),
            "less than the law asked": (set_in("panels", quorum=4), "23514"),
            "somebody who was not there": (
                set_in("panels", present=["HEALTH", "PROSECUTION", "TRAFFICKING_UNIT"]),
                "RF017",
            ),
            "votes that were not cast": (
                lambda payload: payload | {"panel_members": voted},
                "RF017",
            ),
            "no seats": (without("panel_members"), "RF017"),
            "no decision": (without("panels"), "RF017"),
        },
    )


async def test_row_security_shows_seats_to_the_convenor_and_not_to_a_former_holder(
    house: House, filed: Filed
) -> None:
    await decide(house, filed, *MET)
    seen = {}
    for part in ("trafficking_officer", "hotline", "outsider", "auditor"):
        async with house.acting(part) as (session, _):
            seen[part] = [
                await scalar(session.connection, f"SELECT count(*) FROM referral.{table}")
                for table in ("panel_decision", "panel_member")
            ]
    assert seen == {
        "trafficking_officer": [1, 4],
        "hotline": [1, 0],
        "outsider": [0, 0],
        "auditor": [0, 0],
    }
