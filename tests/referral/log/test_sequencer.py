"""Every committed entry gets one place, in one order, whoever commits when."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from sqlalchemy import event

from referral.audit import epochs, merkle, sequencer
from referral.audit.checkpoints import hashes_of, place_of, placed
from referral.audit.key_files import SigningKey
from referral.audit.proof import check_inclusion, leaf_hash
from tests.referral.log.definition import root_of
from tests.referral.log.running import Log
from tests.referral.log.test_epochs import told_once

ORDER = "SELECT id, header FROM referral.audit_entry ORDER BY xid, id"


async def test_places_are_dense_and_follow_transactions(log: Log) -> None:
    await log.write(5)
    assert await log.place() == 5
    await log.write(300)
    assert await log.place() == 300
    rows = await log.house.rows(ORDER)
    places = await log.house.rows("SELECT entry_id, position FROM log.position ORDER BY position")
    assert [tuple(row) for row in places] == [(row["id"], n) for n, row in enumerate(rows)]
    leaves = [leaf_hash(row["header"].encode()) for row in rows]
    async with log.by("app") as connection:
        for size in (1, 2, 5, 255, 256, 257, 305):
            assert (await hashes_of(connection, 1, [(0, size)]))[0] == root_of(leaves[:size])
        for index in (0, 4, 5, 255, 256, 304):
            path = await hashes_of(connection, 1, merkle.inclusion_path(index, 305))
            check_inclusion(leaves[index], index, 305, path, root_of(leaves))


async def test_nothing_is_placed_before_whatever_could_still_come_before_it(log: Log) -> None:
    """An open transaction that began earlier may still commit entries that sort earlier."""
    early = await asyncpg.connect(log.house.database.superuser_url)
    begun = early.transaction()
    await begun.start()
    await early.execute("SELECT pg_current_xact_id()")
    await log.write(3)
    assert await log.place() == 0
    await begun.rollback()
    await early.close()
    assert await log.place() == 3


async def test_two_at_once_place_each_entry_once(log: Log) -> None:
    await log.write(40)

    async def one() -> int:
        async with log.by("sequencer") as connection:
            return sum([await sequencer.place(connection, batch=7) for _ in range(8)])

    assert sum(await asyncio.gather(one(), one())) + await log.place() == 40
    assert [
        tuple(row)
        for row in await log.house.rows(
            "SELECT count(*), count(DISTINCT entry_id), max(position) FROM log.position"
        )
    ] == [(40, 40, 39)]


async def test_while_somebody_else_places_there_is_nothing_to_do(log: Log) -> None:
    await log.write(3)
    other = await asyncpg.connect(log.house.database.superuser_url)
    begun = other.transaction()
    await begun.start()
    await other.execute("SELECT pg_advisory_xact_lock(hashtextextended('log sequencer', 0))")
    async with log.by("sequencer") as connection:
        assert await sequencer.place(connection) == 0
    await begun.rollback()
    await other.close()
    assert await log.place() == 3


async def test_one_at_a_time_none_is_placed_twice_or_left_out(log: Log) -> None:
    """Also across the beginning of another epoch, whose first entry stands out of order."""

    async def each() -> int:
        async with log.by("sequencer") as connection:
            return sum([await sequencer.place(connection, batch=1) for _ in range(12)])

    await log.write(3)
    assert await each() == 3
    assert (await log.sealed()).checkpoint.size == 3
    await log.write(2)
    new = SigningKey.new("log.example.org/2026b", 1)
    await log.opens(new, await log.proposed(new))
    assert await each() == 2 + 5, "of the five countries each tells that it was opened"
    await told_once(log, 3)


async def test_an_epoch_begins_with_the_entry_that_opened_it_and_goes_on(log: Log) -> None:
    new = SigningKey.new("log.example.org/2026b", 1)
    await log.opens(new, await log.proposed(new))
    [epoch] = await log.house.rows("SELECT entry_id FROM log.epoch WHERE epoch = 2")
    for count in range(1, 5):
        async with log.by("sequencer") as connection:
            assert await sequencer.place(connection, batch=1) == 1
        rows = await log.house.rows("SELECT entry_id FROM log.position WHERE epoch = 2")
        assert len({row["entry_id"] for row in rows}) == count
        assert epoch["entry_id"] in {row["entry_id"] for row in rows}


async def test_what_waits_is_told_also_before_there_is_a_tree(log: Log) -> None:
    await log.superuser("DELETE FROM log.epoch")
    await log.write(2)
    async with log.by("sequencer") as connection:
        await sequencer.pulse(connection, log.now())
    [row] = await log.house.rows("SELECT behind, oldest_at FROM log.pulse")
    assert tuple(row) == (2, log.house.at())


async def test_a_database_filled_from_a_dump_is_noticed(log: Log) -> None:
    """Its transactions count from the beginning: what is written now would sort before the rest."""
    await log.grow(2)
    await log.superuser("UPDATE referral.audit_entry SET xid = '9000000000'::xid8")
    await log.write(1)
    async with log.by("sequencer") as connection:
        with pytest.raises(sequencer.BehindError, match="pg_resetwal"):
            await sequencer.place(connection)
    log.house.honest = False


async def test_a_look_at_nothing_new_is_one_query_and_what_comes_then_is_placed(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequencer, "IDLE", 0.001)
    monkeypatch.setattr(sequencer, "PULSE", 3600.0)
    await log.write(3)
    await log.place()
    asked: list[str] = []
    engine, stopping = log.engines["sequencer"], asyncio.Event()
    running = asyncio.create_task(sequencer.run(engine, log.now, stopping))
    async with asyncio.timeout(60), log.by("app") as connection:
        while (await log.house.rows("SELECT count(*) FROM log.pulse"))[0]["count"] == 0:
            await asyncio.sleep(0)
        event.listen(
            engine.sync_engine, "before_cursor_execute", lambda *told: asked.append(told[2])
        )
        while len(asked) < 20:
            await asyncio.sleep(0)
        assert len(set(asked[10:])) == 1, asked
        await log.write(2)
        while await placed(connection, 1) < 5:
            await connection.rollback()
    stopping.set()
    assert await running == 2


async def test_what_was_written_before_there_was_a_signer_is_in_the_tree(log: Log) -> None:
    await log.superuser("DELETE FROM log.epoch")
    await log.write(2)
    assert await log.place() == 0
    async with log.operator() as session:
        await epochs.begin(session.connection, log.key.key, log.now())
    assert await log.place() == 2
    async with log.by("app") as connection:
        assert await placed(connection, 1) == 2


async def test_an_entry_knows_its_place(log: Log) -> None:
    await log.grow(3)
    rows = await log.house.rows(ORDER)
    async with log.by("app") as connection:
        found = await place_of(connection, rows[2]["id"])
    assert found is not None
    assert (found.epoch, found.index) == (1, 2)
