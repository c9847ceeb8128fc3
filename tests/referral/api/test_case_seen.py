"""Reading a case: the envelope for those with a part in it, sealed groups on request, logged."""

from __future__ import annotations

from uuid import uuid4

from tests.referral.api.desk import ROOT, Desk, problem

TOLD = {
    "identity": {"name": "Amal Doe"},
    "safety": {"whereabouts": "with the aunt"},
    "facts": {"age": 10, "works": True, "econ_hours": 20},
}


async def test_sealed_groups_come_only_when_asked_for(desk: Desk) -> None:
    filed = await desk.files(persons=[TOLD], narrative="Carrying bricks.")
    path = f"cases/{filed['case_id']}"
    plain = await desk.reads("inspector", path)
    assert "Amal" not in plain.text
    assert "bricks" not in plain.text
    assert plain.json()["opened"] == []
    opened = (await desk.reads("inspector", f"{path}?open=G2,G4")).json()
    assert opened["persons"][0]["identity"] == {"name": "Amal Doe", "age": 10}
    assert opened["notes"][0]["text"] == "Carrying bricks."
    assert opened["opened"] == ["G2", "G4"]
    read = await desk.house.rows(
        "SELECT count(*) FROM referral.audit_entry WHERE act = 'case.read'"
    )
    assert read[0]["count"] == 1


async def test_where_she_is_takes_a_fresh_password(desk: Desk) -> None:
    filed = await desk.files(persons=[TOLD])
    path = f"cases/{filed['case_id']}?open=G3"
    problem(await desk.reads("inspector", path), 403, "step-up-required")
    browser = await desk.house.browser("inspector")
    fresh = await browser.get(f"{ROOT}/{path}")
    assert fresh.json()["persons"][0]["safety"] == {"whereabouts": "with the aunt"}
    desk.house.at.forward(minutes=14)
    problem_later = await browser.get(f"{ROOT}/{path}")
    assert problem_later.status_code == 200
    desk.house.at.forward(minutes=2)
    problem(await browser.get(f"{ROOT}/{path}"), 403, "step-up-required")


async def test_what_may_be_opened_comes_with_word_of_what_may_not(desk: Desk) -> None:
    filed = await desk.files(persons=[TOLD])
    seen = (await desk.reads("inspector", f"cases/{filed['case_id']}?open=G2,G3")).json()
    assert seen["opened"] == ["G2"]
    assert seen["refused"]["G3"]["type"] == "/problems/step-up-required"
    assert seen["persons"][0]["safety"] is None


async def test_who_is_only_asked_does_not_read_who_it_is(desk: Desk) -> None:
    filed = await desk.files(persons=[TOLD], narrative="Carrying bricks.")
    path = f"cases/{filed['case_id']}"
    answer = await desk.reads("social_worker", f"{path}?open=G2,G3,G4", **{"X-Reason": "curious"})
    problem(answer, 403, "not-permitted")
    plain = await desk.reads("social_worker", path)
    assert plain.status_code == 200
    assert "Amal" not in plain.text


async def test_outsiders_find_neither_case_nor_timeline(desk: Desk) -> None:
    filed = await desk.files()
    for noun in ("", "/timeline", "?open=G2"):
        hidden = await desk.reads("outsider", f"cases/{filed['case_id']}{noun}")
        absent = await desk.reads("outsider", f"cases/{uuid4()}{noun}")
        problem(hidden, 404, "not-found")
        assert dict(hidden.json(), instance="") == dict(absent.json(), instance="")


async def test_the_timeline_shows_every_act_in_order(desk: Desk) -> None:
    hand_off = await desk.asks()
    accepted = await desk.acts("social_worker", hand_off, "acknowledgement", "acceptance")
    lines = (await desk.reads("inspector", f"cases/{accepted['case_id']}/timeline")).json()["lines"]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    acts = [line["act"] for line in lines]
    assert acts[0] == "case.filed"
    assert acts.index("hand_off.received") < acts.index("hand_off.accepted")
    assert "referral.custody_moved" in acts
    mandates = {line["mandate"]["title"] for line in lines if line["mandate"]}
    assert "Child protection office" in mandates
