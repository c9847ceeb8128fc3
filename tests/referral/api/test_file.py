"""Filing: the answer names who must receive what, why and by when; a replay files nothing twice."""

from __future__ import annotations

from uuid import uuid4

from tests.referral.api.desk import Desk, asked, key, pointers, problem, report


async def test_the_answer_names_agency_step_source_and_due_time(desk: Desk) -> None:
    filed = await desk.sends("inspector", "cases", report())
    assert filed.status_code == 201
    told = filed.json()
    assert filed.headers["location"] == f"/api/v1/cases/{told['case_id']}"
    assert filed.headers["etag"] == f'"{told["version"]}"'

    (made,) = told["hand_offs"]
    assert made["receiver"]["agency"] == "Child protection office of the North"
    assert made["step"]["title"] == "Child protection takes the child over"
    assert made["sources"][0]["article"] == "art. 10, duty to report and to receive"
    assert made["sources"][0]["link"].startswith("https://")
    assert made["due"]["at"] == "2026-03-03T12:00:00Z"
    assert made["due"]["basis"] == "statutory"
    assert made["due"]["derivation"]
    assert not made["due"]["immediate"]
    assert told["persons"][0]["screening"]["CL"]["result"] == "indicated"
    assert [one["code"] for one in told["referrals"][0]["held"]] == ["ZZ-C03"]


async def test_titles_come_in_the_language_asked_for(desk: Desk) -> None:
    filed = await desk.sends(
        "inspector", "cases", report(), {"Accept-Language": "th, es-AR;q=0.9, en;q=0.5"}
    )
    assert filed.json()["hand_offs"][0]["step"]["title"] == "Protección de la niñez asume el caso"


async def test_a_report_with_only_a_place_is_a_case(desk: Desk) -> None:
    filed = await desk.sends("hotline", "cases", {"place": "zz-w"})
    assert filed.status_code == 201
    assert filed.json()["hand_offs"]


async def test_nobody_serving_is_flagged_and_never_refused(desk: Desk) -> None:
    told = await desk.files(
        place="ZZ-W",
        persons=[
            {
                "facts": {
                    "age": 30,
                    "danger_now": True,
                    "acts": ["TRANSFER"],
                    "means": ["DECEPTION"],
                    "purposes": ["FORCED_LABOUR"],
                }
            }
        ],
        reported="HT",
    )
    assert told["hand_offs"]
    river = [one for one in told["hand_offs"] if one["mandate"]["code"] == "RIVER_POLICE"]
    assert all(one["receiver"]["agency"] for one in river)


async def test_a_confidential_shelter_appears_by_its_mandate(desk: Desk) -> None:
    hand_off = await desk.asks()
    accepted = await desk.acts("social_worker", hand_off, "acceptance")
    follow = await desk.sends(
        "social_worker",
        f"cases/{accepted['case_id']}/events",
        {"referral_id": accepted["referral_id"], "event": "ZZ-C02 SEPARATION_NEEDED"},
    )
    assert follow.status_code == 200, follow.text
    shelter = next(one for one in follow.json()["made"] if one["mandate"]["code"] == "SHELTER")
    assert shelter["receiver"] == {
        "unit_id": shelter["receiver"]["unit_id"],
        "agency": shelter["mandate"]["title"],
        "unit": None,
        "confidential": True,
    }
    for part, path in (
        ("social_worker", f"cases/{accepted['case_id']}"),
        ("social_worker", f"cases/{accepted['case_id']}/timeline"),
        ("social_worker", "hand-offs?box=out"),
        ("inspector", "agencies?mandate=SHELTER"),
        ("inspector", "agencies?place=ZZ-N"),
    ):
        seen = await desk.reads(part, path)
        assert seen.status_code == 200
        assert "Lantern" not in seen.text
    own = await desk.reads("shelter_worker", "hand-offs")
    assert own.json()["hand_offs"][0]["receiver"]["agency"] == "House of the Lantern"


async def test_the_same_key_gives_the_same_answer_and_files_once(desk: Desk) -> None:
    once = key()
    first = await desk.sends("inspector", "cases", report(), once)
    again = await desk.sends("inspector", "cases", report(), once)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json()["case_id"] == first.json()["case_id"]
    assert again.json()["hand_offs"][0]["due"] == first.json()["hand_offs"][0]["due"]
    count = await desk.house.rows('SELECT count(*) FROM referral."case"')
    assert count[0]["count"] == 1


async def test_the_devices_own_id_finds_its_case_weeks_later(desk: Desk) -> None:
    mine = str(uuid4())
    first = await desk.files(client_id=mine)
    desk.house.at.forward(days=40)
    again = await desk.sends("inspector", "cases", report(client_id=mine))
    assert again.status_code == 200
    assert again.json()["existing"]
    assert again.json()["case_id"] == first["case_id"]


async def test_another_units_id_is_not_told_of(desk: Desk) -> None:
    mine = str(uuid4())
    first = await desk.files(client_id=mine)
    other = await desk.sends("hotline", "cases", report(client_id=mine))
    assert other.status_code == 201
    assert other.json()["case_id"] != first["case_id"]


async def test_every_fault_is_told_at_once_with_its_place(desk: Desk) -> None:
    bad = report(
        place="ZZ-Q",
        facts={"nonsense": True},
        occurred_at="2569-03-02T09:00:00+07:00",
        persons=[{"facts": {"age": "ten", "wfcl": ["WFCL_X"]}}],
    )
    told = problem(await desk.sends("inspector", "cases", bad), 422, "invalid-input")
    assert pointers(told) == {
        "/occurred_at": "buddhist-era",
        "/facts/nonsense": "unknown_fact",
        "/persons/0/facts/age": "wrong_type",
        "/persons/0/facts/wfcl/0": "not_allowed",
    }
    assert "2026" in next(e["message"] for e in told["errors"] if e["code"] == "buddhist-era")


async def test_a_place_of_no_agency_and_of_no_country_is_named(desk: Desk) -> None:
    told = problem(
        await desk.sends("inspector", "cases", report(place="ZZ-Q")), 422, "invalid-input"
    )
    assert pointers(told) == {"/place": "unknown"}
    told = problem(
        await desk.sends("inspector", "cases", report(place="Amal Doe")), 422, "invalid-input"
    )
    assert list(pointers(told)) == ["/place"]
    assert "Amal" not in str(told)


async def test_a_date_in_the_future_is_refused(desk: Desk) -> None:
    late = report(occurred_at="2026-03-03T12:00:00Z")
    told = problem(await desk.sends("inspector", "cases", late), 422, "invalid-input")
    assert pointers(told) == {"/occurred_at": "future"}


async def test_only_those_who_take_reports_may_file(desk: Desk) -> None:
    problem(await desk.sends("auditor", "cases", report()), 403, "not-permitted")
    refused = await desk.house.rows(
        "SELECT count(*) FROM referral.audit_entry WHERE act = 'act.refused'"
    )
    assert refused[0]["count"] == 1


async def test_several_persons_each_have_their_referral(desk: Desk) -> None:
    told = await desk.files(
        persons=[
            {"facts": {"age": 10, "works": True, "econ_hours": 20}, "household": 1},
            {"facts": {"age": 12, "works": True, "econ_hours": 20}, "household": 1},
            {"role": "accused", "identity": {"name": "somebody"}},
        ]
    )
    assert [one["number"] for one in told["persons"]] == [1, 2]
    assert len({one["person_id"] for one in told["referrals"]}) == 2
    assert asked(told, "ZZ-C01")
