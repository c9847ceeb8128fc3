"""The directory and the law: who serves where, which protocol stands, and who may do what."""

from __future__ import annotations

import hashlib

import pytest
import rfc8785

from tests.referral.api.desk import Desk, pointers, problem


async def test_who_serves_a_mandate_at_a_place(desk: Desk) -> None:
    path = "agencies?place=ZZ-N&mandate=CHILD_PROTECTION"
    seen = (await desk.reads("inspector", path)).json()
    assert [one["agency"] for one in seen["serving"]] == ["Child protection office of the North"]
    assert "CHILDREN-ZZ-N" in {one["key"] for one in seen["agencies"]}
    assert "CHILDREN-ZZ-S" not in {one["key"] for one in seen["agencies"]}


async def test_a_hole_in_the_coverage_is_flagged(desk: Desk) -> None:
    seen = (await desk.reads("inspector", "agencies?place=ZZ-W&mandate=HEALTH")).json()
    (served,) = seen["serving"]
    assert served["no_agency"]
    assert served["via"] == "national_fall_back"
    assert served["agency"] == "National coordination council"


async def test_the_directory_is_paged_by_key(desk: Desk) -> None:
    first = await desk.reads("inspector", "agencies?limit=3")
    keys = [one["key"] for one in first.json()["agencies"]]
    assert keys == sorted(keys)
    assert f"after={keys[-1]}" in first.headers["link"]
    second = await desk.reads("inspector", f"agencies?limit=3&after={keys[-1]}")
    assert second.json()["agencies"][0]["key"] > keys[-1]


@pytest.mark.parametrize(
    ("query", "pointer"), [("place=ZZ-Q", "/place"), ("mandate=WIZARDS", "/mandate")]
)
async def test_what_is_not_there_is_named(desk: Desk, query: str, pointer: str) -> None:
    told = problem(await desk.reads("inspector", f"agencies?{query}"), 422, "invalid-input")
    assert pointers(told) == {pointer: "unknown"}


async def test_a_protocol_is_shown_with_the_form_its_digest_is_of(desk: Desk) -> None:
    seen = await desk.reads("coordinator", "protocols/zz/child_protection")
    law = seen.json()
    assert hashlib.sha256(rfc8785.dumps(law["law"])).hexdigest() == law["digest"]
    assert seen.headers["etag"] == f'"{law["digest"]}"'
    assert {"code": "ZZ-C01", "title": "Child protection takes the child over"} in law["steps"]
    assert any(one["article"].startswith("art. 10") for one in law["sources"])


async def test_unknown_countries_and_tracks_are_answered_with_those_there_are(desk: Desk) -> None:
    told = problem(await desk.reads("inspector", "protocols/qq/x"), 404, "unknown-country")
    assert "ZZ" in told["allowed"]
    told = problem(await desk.reads("inspector", "protocols/ZZ/x"), 404, "unknown-track")
    assert told["allowed"] == ["child_protection", "trafficking"]
    told = problem(
        await desk.reads("inspector", "protocols/ZZ/trafficking?on=2001-01-01"),
        404,
        "unknown-track",
    )
    assert told["allowed"] == []


async def test_the_matrix_is_shown_as_it_decides(desk: Desk) -> None:
    seen = (await desk.reads("auditor", "matrix")).json()
    assert seen["on_a_case"]["decline"]["pending_recipient"] == "R"
    assert set(seen["by_role"]["read_log"]) == {"AUDITOR", "DATA_PROTECTION_OFFICER"}
