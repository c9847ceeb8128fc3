"""The log of a case: open to auditors without bodies, and to those with a part in the case."""

from __future__ import annotations

from tests.referral.api.desk import Desk, problem


async def test_an_auditor_reads_headers_and_no_case(desk: Desk) -> None:
    filed = await desk.files(narrative="Carrying bricks.")
    path = f"audit/cases/{filed['case_id']}"
    seen = await desk.reads("auditor", path)
    assert seen.status_code == 200, seen.text
    lines = seen.json()["lines"]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert lines[0]["previous_hash"] == "0" * 64
    assert "Amal" not in seen.text
    problem(await desk.reads("auditor", f"cases/{filed['case_id']}"), 404, "not-found")


async def test_those_with_a_part_in_it_read_it_and_others_find_nothing(desk: Desk) -> None:
    filed = await desk.files()
    path = f"audit/cases/{filed['case_id']}"
    assert (await desk.reads("inspector", path)).status_code == 200
    problem(await desk.reads("outsider", path), 404, "not-found")
    problem(await desk.reads("agency_admin", path), 404, "not-found")
