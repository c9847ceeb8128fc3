"""Figures of a year are prepared by one, published by another, read by everybody, and never change.

Stella counts what she may not read. Dalia, who protects data, publishes exactly what she has seen.
Otto sees what the whole world sees, and nothing of how it came about.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest
from sqlalchemy.exc import DBAPIError

from referral import casework, preparing, queries
from referral.casework import Released
from referral.errors import Refusal
from referral.session import WriteSession
from tests.cast import House, child_at_work

YEAR = 2026


async def proven(house: House, part: str, verb: Any, *about: Any, **more: Any) -> Any:
    """As ``house.does``, with a password entered just now."""
    async with house.acting(part) as (session, actor):
        asks = replace(actor, authenticated_at=house.at())
        return await verb(session, asks, *about, now=house.at(), **more)


async def filed(house: House, many: int, **facts: object) -> None:
    """Ines files one case of so many people."""
    intake = child_at_work(**facts)
    person = replace(intake.persons[0], headcount=many, identified=many == 1)
    answer = await house.does("inspector", casework.file, replace(intake, persons=(person,)))
    assert isinstance(answer, casework.Filed), answer


async def asked(
    house: House, kind: str = "public", recipient: str | None = None, period: str = str(YEAR)
) -> UUID:
    """Stella asks for the year, which is over by then."""
    reporter = house.installation.reporter
    answer = await house.manages(
        "statistician", casework.prepare_release, reporter, kind, period, recipient
    )
    assert answer.state == "asked"
    return UUID(answer.id)


async def prepared(
    house: House, kind: str = "public", recipient: str | None = None, period: str = str(YEAR)
) -> UUID:
    """She asks, and the clockwork prepares it."""
    which = await asked(house, kind, recipient, period)
    done = await preparing.prepare_all(house.clockwork, house.at())
    assert done == {str(which): "prepared"}
    return which


async def answered(house: House, which: UUID, *, approve: bool = True) -> Released | Refusal:
    """Dalia answers, her password just entered."""
    seen = await seen_by(house, "data_officer", which)
    answer: Released | Refusal = await proven(
        house,
        "data_officer",
        casework.answer_release,
        which,
        approve=approve,
        digest=seen.digest,
    )
    return answer


async def seen_by(house: House, part: str, which: UUID) -> queries.ReleaseSeen:
    async with house.acting(part) as (session, actor):
        seen = await queries.release_seen(session, actor, which, now=house.at())
    assert isinstance(seen, queries.ReleaseSeen), seen
    return seen


@pytest.fixture
async def year(house: House) -> House:
    """A year with forty girls and four boys, and nothing else; it is over."""
    await filed(house, 40, sex="female")
    await filed(house, 4, sex="male")
    house.at.to(datetime(2027, 1, 11, 9, tzinfo=UTC))
    return house


async def test_prepared_by_one_published_by_another_and_read_by_everybody(year: House) -> None:
    stranger = year.stranger()
    assert (await stranger.get(f"/published/ZZ/{YEAR}")).status_code == 404
    which = await prepared(year)
    seen = await seen_by(year, "statistician", which)
    assert (await stranger.get(f"/api/v1/published/ZZ/{YEAR}")).status_code == 404
    done = await answered(year, which)
    assert isinstance(done, Released), done
    assert done.state == "published"

    published = await stranger.get(f"/api/v1/published/ZZ/{YEAR}")
    assert published.content == seen.content, "byte for byte what was seen"
    assert hashlib.sha256(published.content).hexdigest() == seen.digest
    assert published.headers["cache-control"].startswith("public")
    page = await stranger.get(f"/published/ZZ/{YEAR}")
    assert "People by sex and age" in page.text
    table = await stranger.get(f"/api/v1/published/ZZ/{YEAR}.csv")
    assert table.text.startswith("table,period,")
    rows = published.json()["tables"]
    numbers = {
        (one["table"], *row["cell"]): (row["people"], row["flag"])
        for one in rows
        for row in one["rows"]
    }
    assert numbers["people_by_sex_and_age", str(YEAR), "*", "*"] == (40, "r")
    assert numbers["people_by_sex_and_age", str(YEAR), "male", "*"] == (None, "c")
    assert numbers["people_by_sex_and_age", str(YEAR), "female", "*"] == (None, "c")
    assert {n for n, _ in numbers.values() if n is not None} & set(range(1, 11)) == set()


async def test_nobody_publishes_what_she_prepared_and_nobody_else_prepares(year: House) -> None:
    which = await prepared(year)
    for part in ("statistician", "coordinator", "inspector", "outsider", "auditor"):
        refused = await year.does(
            part, casework.answer_release, which, approve=True, digest="0" * 64
        )
        assert isinstance(refused, Refusal), part
    for part in ("data_officer", "inspector", "outsider"):
        refused = await year.does(
            part, casework.prepare_release, year.installation.reporter, "public", str(YEAR)
        )
        assert isinstance(refused, Refusal), part
        assert refused.status == 403, part
    assert await year.rows("SELECT * FROM referral.release_answer") == []


async def test_another_fingerprint_is_not_what_was_seen(year: House) -> None:
    which = await prepared(year)
    refused = await proven(
        year,
        "data_officer",
        casework.answer_release,
        which,
        approve=True,
        digest=hashlib.sha256(b"").hexdigest(),
    )
    assert isinstance(refused, Refusal)
    assert refused.type == "invalid-input"


async def test_a_year_that_still_grows_is_not_published(house: House) -> None:
    refused = await house.does(
        "statistician", casework.prepare_release, house.installation.reporter, "public", str(YEAR)
    )
    assert isinstance(refused, Refusal)
    assert refused.type == "invalid-input"
    assert "over" in refused.extra["errors"][0]["message"]


async def test_twice_the_same_bytes_and_a_correction_of_few_is_left_out(year: House) -> None:
    first = await prepared(year)
    again = await prepared(year)
    seen = await seen_by(year, "statistician", first)
    assert (await seen_by(year, "statistician", again)).content == seen.content
    assert isinstance(await answered(year, first), Released)
    # The other one was checked against nothing that was published, and now something is.
    stale = await answered(year, again)
    assert isinstance(stale, Refusal)
    assert stale.extra["from"] == "stale"
    third = await prepared(year)
    assert (await seen_by(year, "statistician", third)).content == seen.content
    assert isinstance(await answered(year, third), Released)
    twice = await answered(year, third)
    assert isinstance(twice, Refusal)


async def test_what_is_released_is_frozen_for_its_owner_too(year: House) -> None:
    assert isinstance(await answered(year, await prepared(year)), Released)
    connection = await asyncpg.connect(year.database.migrator_url)
    try:
        await connection.execute("SET ROLE referral_owner")
        await connection.execute("ALTER TABLE referral.release NO FORCE ROW LEVEL SECURITY")
        for change in ("UPDATE referral.release SET year = 2025", "DELETE FROM referral.release"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
                await connection.execute(change)
    finally:
        await connection.close()


async def test_the_log_has_both_acts_and_reconciles(year: House) -> None:
    which = await prepared(year)
    await answered(year, which)
    refused = await prepared(year)
    assert isinstance(await answered(year, refused, approve=False), Released)
    rows = await year.rows(
        "SELECT e.act, s.kind FROM referral.audit_entry e JOIN referral.stream_head s "
        "USING (stream_id) WHERE e.object_type = 'release' ORDER BY e.stream_id, e.seq"
    )
    assert [tuple(row) for row in rows] == [
        ("release.asked", "system"),
        ("release.prepared", "system"),
        ("release.published", "system"),
        ("release.asked", "system"),
        ("release.prepared", "system"),
        ("release.refused", "system"),
    ]


async def test_a_release_that_was_put_there_by_hand_does_not_reconcile(year: House) -> None:
    from referral.audit.verify import verify

    year.honest = False
    which = await prepared(year)
    await year.rows(
        "INSERT INTO referral.release_answer SELECT id, country, 'published', asked_by, $2, "
        "asked_at FROM referral.release_order WHERE id = $1",
        which,
        uuid4(),
    )
    found = await verify(year.database.url_of("auditor_ro"))
    assert any(str(which) in problem.where for problem in found.problems)


async def test_a_hand_over_has_a_recipient_two_persons_and_no_public_address(house: House) -> None:
    await filed(
        house, 15, sex="female", age=30, purposes=["FORCED_LABOUR"], acts=["RECRUITMENT"],
        means=["FRAUD"], control_methods=["THREATS"],
    )  # fmt: skip
    await filed(
        house, 3, sex="male", age=30, purposes=["ORGAN_REMOVAL"], acts=["RECRUITMENT"],
        means=["FRAUD"], control_methods=["THREATS"],
    )  # fmt: skip
    house.at.to(datetime(2027, 1, 11, 9, tzinfo=UTC))
    lacking = await house.does(
        "statistician", casework.prepare_release, house.installation.reporter, "ctdc", str(YEAR)
    )
    assert isinstance(lacking, Refusal)
    which = await prepared(house, "ctdc", "National focal point, Ministry of Justice")
    assert (await seen_by(house, "data_officer", which)).content is None
    early = await proven(house, "statistician", casework.take_hand_over, which)
    assert isinstance(early, Refusal)
    done = await answered(house, which)
    assert isinstance(done, Released)
    assert done.state == "handed_over"
    taken = await proven(house, "statistician", casework.take_hand_over, which)
    assert isinstance(taken, bytes)
    lines = taken.decode().splitlines()
    assert len(lines[0].split(",")) == 27
    assert len(set(lines[1:])) == 1, "the three are too few to be told apart"
    assert len(lines) - 1 == 15
    assert (await house.stranger().get(f"/api/v1/published/ZZ/{YEAR}")).status_code == 404
    for part in ("coordinator", "auditor", "outsider"):
        refused = await proven(house, part, casework.take_hand_over, which)
        assert isinstance(refused, Refusal), part
    [entry] = await house.rows(
        "SELECT count(*) FROM referral.audit_entry WHERE act = 'member.hand_over_taken'"
    )
    assert entry["count"] == 1


async def test_the_outsider_sees_what_the_world_sees(year: House) -> None:
    which = await prepared(year)
    otto = await year.browser("outsider")
    for address in ("/releases", f"/releases/{which}"):
        assert (await otto.get(address)).status_code in {403, 404}
    assert f"/published/ZZ/{YEAR}" not in (await otto.get("/published/ZZ")).text
    await answered(year, which)
    assert f"/published/ZZ/{YEAR}" in (await otto.get("/published/ZZ")).text


async def test_being_prepared_is_seen_and_not_asked_for_twice(year: House) -> None:
    which = await asked(year)
    async with year.acting("statistician") as (session, actor):
        seen = await queries.release_seen(session, actor, which, now=year.at())
    assert isinstance(seen, queries.ReleaseSeen)
    assert (seen.state, seen.attempts, seen.content, seen.digest) == ("asked", 0, None, None)
    twice = await year.does(
        "statistician", casework.prepare_release, year.installation.reporter, "public", str(YEAR)
    )
    assert isinstance(twice, Refusal)
    assert twice.extra["from"] == "being prepared"
    early = await proven(
        year, "data_officer", casework.answer_release, which, approve=True, digest="0" * 64
    )
    assert isinstance(early, Refusal)
    assert await preparing.prepare_all(year.clockwork, year.at()) == {str(which): "prepared"}
    assert await preparing.prepare_all(year.clockwork, year.at()) == {}


async def test_two_workers_never_prepare_the_same_release(year: House) -> None:
    which = await asked(year)
    both = await asyncio.gather(
        preparing.prepare_all(year.clockwork, year.at()),
        preparing.prepare_all(year.clockwork, year.at()),
    )
    assert sorted(both, key=len) == [{}, {str(which): "prepared"}]
    attempts = await year.rows("SELECT number FROM referral.release_attempt")
    assert len(attempts) == 1


async def test_a_worker_that_is_ended_loses_nothing_and_three_are_a_failure(year: House) -> None:
    """Her connection ends with her, and with it her hold on the order."""
    which = await asked(year)
    for number in (1, 2, 3):
        async with year.worker.connect() as connection:
            async with connection.begin():
                await connection.exec_driver_sql("SELECT referral.begin_worker('ZZ')")
                session = WriteSession(
                    connection, year.installation.vault, year.installation.catalogue, "test"
                )
                order = await casework.take_release(session, now=year.at())
                assert order is not None
                assert order.tried == number - 1
            held = await preparing.prepare_all(year.clockwork, year.at())
            assert held == {}, "somebody is at it"
            await connection.invalidate()
        await year.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = "
            "'referral_worker' AND datname = current_database()"
        )
        await year.worker.dispose()
    assert await preparing.prepare_all(year.clockwork, year.at()) == {str(which): "failed"}
    [failed] = await year.rows("SELECT why FROM referral.release_failure")
    assert failed["why"] == "ended"
    await prepared(year)  # it may be asked for again


async def test_a_worker_told_to_stop_gives_back_what_she_took(year: House) -> None:
    which = await asked(year)
    asked_often = iter([False, True])
    done = await preparing.prepare_all(
        year.clockwork, year.at(), stopping=lambda: next(asked_often, True)
    )
    assert done == {}
    assert await preparing.prepare_all(year.clockwork, year.at()) == {str(which): "prepared"}


async def test_a_quarter_is_released_before_its_year_and_the_year_after(house: House) -> None:
    """D8: three boys told of late are neither in the difference of quarter and year."""
    await filed(house, 40, sex="female")
    house.at.to(datetime(2026, 4, 2, 9, tzinfo=UTC))
    early = await house.does(
        "statistician", casework.prepare_release, house.installation.reporter, "public", "2026-Q2"
    )
    assert isinstance(early, Refusal)
    quarter = await prepared(house, period="2026-Q1")
    assert isinstance(await answered(house, quarter), Released)
    house.at.to(datetime(2027, 1, 11, 9, tzinfo=UTC))
    year = await prepared(house)
    assert isinstance(await answered(house, year), Released)
    stranger = house.stranger()
    listed = (await stranger.get("/api/v1/published/ZZ")).json()["periods"]
    assert [one["period"] for one in listed] == ["2026", "2026-Q1"]
    for period in ("2026", "2026-Q1"):
        assert f"/published/ZZ/{period}" in (await stranger.get("/published/ZZ")).text
        shown = await stranger.get(f"/published/ZZ/{period}")
        assert "People by sex and age" in shown.text
    document = (await stranger.get("/api/v1/published/ZZ/2026-Q1")).json()
    assert document["period"] == "2026-Q1"
    assert {row["cell"][0] for one in document["tables"] for row in one["rows"]} == {"2026-Q1"}


async def test_nobody_makes_what_was_not_asked_for_or_takes_it_from_the_clockwork(
    year: House,
) -> None:
    which = await asked(year)
    content = b"x".hex()
    row = {
        "id": str(uuid4()), "country": "ZZ", "kind": "public", "period": str(YEAR), "year": YEAR,
        "definition": "d", "counted": {}, "content": f"\\x{content}", "beside": 0,
        "digest": f"\\x{hashlib.sha256(b'x').hexdigest()}", "asked_member": str(uuid4()),
        "made_at": year.at().isoformat(),
    }  # fmt: skip
    own = {"id": str(which), "asked_member": str(year.player("statistician").member_id)}
    connection = await asyncpg.connect(year.database.url_of("worker"))
    try:
        for forged in (row, row | {"id": own["id"]}, row | own | {"period": f"{YEAR}-Q1"}):
            with pytest.raises(asyncpg.PostgresError) as fault:
                await made_by_hand(connection, forged)
            assert fault.value.sqlstate == "RF031"
    finally:
        await connection.close()
    async with year.acting("statistician") as (session, _):
        with pytest.raises(DBAPIError, match="permission denied"):
            await session.connection.exec_driver_sql("SELECT referral.take_release(now())")
        await session.connection.rollback()


async def made_by_hand(connection: Any, release: dict[str, Any]) -> None:
    """As if the clockwork had prepared it."""
    told = orjson.dumps({"releases": [release], "entries": []}).decode()
    async with connection.transaction():
        await connection.execute("SELECT referral.begin_worker('ZZ')")
        await connection.execute("SELECT referral.publish($1::text::jsonb)", told)
