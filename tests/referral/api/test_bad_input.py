"""Bad input gets a clear answer, changes nothing, and is never sent back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import orjson
import pytest

from referral.database import as_json
from referral.entry import claim_for
from tests.referral.api.desk import ROOT, Desk, asked, key, pointers, problem, report

JSON = {"Content-Type": "application/json"}
SECRET = "Amal-Doe-of-the-kiln"

WRONG: list[tuple[str, object]] = [
    ("place", 7),
    ("place", SECRET),
    ("client_id", SECRET),
    ("reported", SECRET),
    ("facts", SECRET),
    ("persons", {"0": {}}),
    ("persons", [{"headcount": "3"}]),
    ("persons", [{"headcount": 0}]),
    ("persons", [{"role": "victim"}]),
    ("persons", [{"identified": "yes"}]),
    ("persons", [{"identity": {"name": 5}}]),
    ("occurred_at", 1772452800),
    ("occurred_at", "2026-03-02T09:00:00"),
    ("occurred_at", "yesterday"),
    ("occurred_at", "0001-01-01T00:00:00Z"),
    ("occurred_precision", "year"),
    ("narrative", ""),
    ("narrative", "x" * 20_001),
    ("lawful_basis", "CURIOSITY"),
]

UNREADABLE = [
    b'{"place": "ZZ-N", "narrative": "\xff\xfe"}',
    '{"place": "ZZ-N"}'.encode("utf-16"),
    b'{"place": "ZZ-N", "narrative": "\\ud800"}',
    b'{"place": "ZZ-N", "narrative": "a\\u0000b"}',
    b'{"place": "ZZ-N", "persons": [{"headcount": NaN}]}',
    b'{"place": "ZZ-N"',
    b"[" * 5000,
    b"",
    b"null",
    b"[]",
    b'"ZZ-N"',
]


async def _nothing_filed(desk: Desk) -> None:
    cases = await desk.house.rows('SELECT count(*) FROM referral."case"')
    assert cases[0]["count"] == 0


async def test_unknown_fields_are_refused_wherever_they_stand(desk: Desk) -> None:
    bad = report(
        colour=SECRET,
        persons=[{"identity": {"nickname": SECRET}, "sealed": SECRET}],
        workplace={"owner": SECRET},
    )
    answer = await desk.sends("inspector", "cases", bad)
    told = problem(answer, 422, "invalid-input")
    assert pointers(told) == {
        "/colour": "unknown-field",
        "/persons/0/identity/nickname": "unknown-field",
        "/persons/0/sealed": "unknown-field",
        "/workplace/owner": "unknown-field",
    }
    assert SECRET not in answer.text
    await _nothing_filed(desk)


async def test_types_are_strict_and_input_is_not_repeated(desk: Desk) -> None:
    for field, value in WRONG:
        answer = await desk.sends("inspector", "cases", report(**{field: value}))
        told = problem(answer, 422, "invalid-input")
        assert told["errors"], field
        assert all(pointer.startswith(f"/{field}") for pointer in pointers(told)), told
        assert SECRET not in answer.text
    await _nothing_filed(desk)


async def test_what_is_no_json_object_in_utf_8_is_refused(desk: Desk) -> None:
    for body in UNREADABLE:
        answer = await desk.of("inspector").post(
            f"{ROOT}/cases", content=body, headers={**JSON, **key()}
        )
        problem(answer, 422, "invalid-input")
    await _nothing_filed(desk)


async def test_a_body_that_is_not_called_json_is_refused(desk: Desk) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = await desk.of("inspector").post(
            f"{ROOT}/cases", content=orjson.dumps(report()), headers={"Content-Type": kind, **key()}
        )
        told = problem(answer, 422, "invalid-input")
        assert "application/json" in told["errors"][0]["message"]


@pytest.mark.parametrize("declared", [True, False])
async def test_ten_megabytes_are_refused_declared_or_in_pieces(
    desk: Desk, *, declared: bool
) -> None:
    piece = b"x" * 100_000

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield piece

    body: Any = piece * 100 if declared else pieces()
    answer = await desk.of("inspector").post(
        f"{ROOT}/cases", content=body, headers={**JSON, **key()}
    )
    told = problem(answer, 413, "too-large")
    assert told["limit"] == desk.house.installation.settings.filing_limit
    await _nothing_filed(desk)


async def test_an_act_needs_a_key(desk: Desk) -> None:
    answer = await desk.of("inspector").post(f"{ROOT}/cases", json=report())
    problem(answer, 400, "idempotency-key-missing")
    hand_off = await desk.asks()
    answer = await desk.of("social_worker").post(f"{ROOT}/hand-offs/{hand_off}/acceptance")
    problem(answer, 400, "idempotency-key-missing")


async def test_a_key_used_for_something_else_is_refused(desk: Desk) -> None:
    once = key()
    first = await desk.sends("inspector", "cases", report(), once)
    other = await desk.sends("inspector", "cases", report(place="ZZ-E"), once)
    assert first.status_code == 201
    problem(other, 422, "idempotency-key-reused")
    cases = await desk.house.rows('SELECT count(*) FROM referral."case"')
    assert cases[0]["count"] == 1


async def test_a_key_is_one_persons_and_one_addresss(desk: Desk) -> None:
    once = key()
    mine = await desk.sends("inspector", "cases", report(), once)
    theirs = await desk.sends("hotline", "cases", report(place="ZZ-E"), once)
    assert (mine.status_code, theirs.status_code) == (201, 201)
    act = f"hand-offs/{asked(mine.json(), 'ZZ-C01')}/acceptance"
    assert (await desk.sends("social_worker", act, None, once)).status_code == 200


async def test_a_refused_act_may_be_repeated_with_its_key(desk: Desk) -> None:
    hand_off = await desk.asks()
    once = key()
    early = await desk.sends("social_worker", f"hand-offs/{hand_off}/start", None, once)
    problem(early, 409, "transition-not-allowed")
    await desk.acts("social_worker", hand_off, "acceptance")
    then = await desk.sends("social_worker", f"hand-offs/{hand_off}/start", None, once)
    assert then.status_code == 200


async def test_while_a_request_runs_its_repetition_is_told_to_wait(desk: Desk) -> None:
    once = key()
    held = claim_for(once["Idempotency-Key"].strip('"'), "POST", f"{ROOT}/cases", b"")
    async with desk.house.acting("inspector") as (session, _):
        await as_json(session.connection, "SELECT referral.claim_key($1)", held.key_hash)
        answer = await desk.sends("inspector", "cases", report(), once)
        problem(answer, 409, "idempotency-key-in-use")
        assert answer.headers["retry-after"] == "1"
        other = await desk.sends("hotline", "cases", report(), once)
        assert other.status_code == 201
    assert (await desk.sends("inspector", "cases", report(), once)).status_code == 201


async def test_six_at_once_with_one_key_file_one_case(desk: Desk) -> None:
    once = key()
    same = [desk.sends("inspector", "cases", report(), once) for _ in range(6)]
    answers = await asyncio.gather(*same)
    assert {one.status_code for one in answers} <= {201, 409}
    assert len({one.json()["case_id"] for one in answers if one.status_code == 201}) == 1
    cases = await desk.house.rows('SELECT count(*) FROM referral."case"')
    assert cases[0]["count"] == 1


async def test_an_id_that_is_none_is_one_nobody_has(desk: Desk) -> None:
    for identity in ("1", "nonsense", "%00", "..%2f..%2fetc", str(uuid4()).upper()):
        for path in (f"hand-offs/{identity}", f"cases/{identity}", f"audit/cases/{identity}"):
            problem(await desk.reads("inspector", path), 404, "not-found")


async def test_a_reason_in_any_script_travels_in_the_header(desk: Desk) -> None:
    filed = await desk.files(persons=[{"facts": {"age": 10, "works": True}}])
    reason = "ตรวจสอบ – revisión"
    answer = await desk.of("inspector").get(
        f"{ROOT}/cases/{filed['case_id']}?open=G2",
        headers={b"X-Reason": reason.encode()},
    )
    assert answer.status_code == 200
    long = await desk.reads("inspector", f"cases/{filed['case_id']}", **{"X-Reason": "x" * 2001})
    assert pointers(problem(long, 422, "invalid-input")) == {"/X-Reason": "length"}


async def test_addresses_and_methods_that_are_none(desk: Desk) -> None:
    problem(await desk.reads("inspector", "nothing"), 404, "not-found")
    answer = await desk.of("inspector").delete(f"{ROOT}/hand-offs/{uuid4()}")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET"
