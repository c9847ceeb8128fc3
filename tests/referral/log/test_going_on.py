"""Sequencer and signer as they run: until told to stop, alone, and on again after a fault."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy import event

from referral.audit import alarms, sequencer, signer
from tests.referral.log.running import Log

PATIENCE = 30.0
SOON, NEVER = 0.001, 3600.0
_GONE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = $1
"""


class Working:
    """One of the two, as a task; ``done``: what it says it has done, once it was stopped."""

    def __init__(self, log: Log, role: str) -> None:
        self.asked: list[str] = []
        self.stopping, engine = asyncio.Event(), log.engines[role]
        event.listen(
            engine.sync_engine, "before_cursor_execute", lambda *told: self.asked.append(told[2])
        )
        self.task = asyncio.create_task(
            sequencer.run(engine, log.now, self.stopping)
            if role == "sequencer"
            else signer.run(engine, log.signer or log.restart(), log.now, self.stopping)
        )

    async def done(self) -> int:
        """Told to stop."""
        self.stopping.set()
        return await self.task


@asynccontextmanager
async def working(log: Log, role: str) -> AsyncIterator[Working]:
    """At work, and for no longer than anybody waits."""
    async with log.by(role):  # so that there is an engine
        pass
    async with asyncio.timeout(PATIENCE):
        made = Working(log, role)
        try:
            yield made
        finally:
            made.task.cancel()


async def until(log: Log, question: str) -> None:
    """Until the database says so; every time it is asked a minute has passed."""
    while not (await log.house.rows(question))[0][0]:
        log.house.at.forward(minutes=1)


def quickly(patch: pytest.MonkeyPatch, of: object, **names: float) -> None:
    """Without the pauses; those named are as long as is said."""
    for name, seconds in {"IDLE": SOON, "AFTER_A_FAULT": SOON, "PULSE": NEVER, **names}.items():
        patch.setattr(of, name, seconds)


SIGNED = "SELECT count(*) = {} FROM log.checkpoint"
PLACED = "SELECT count(*) = {} FROM log.position"


async def test_the_signer_signs_until_it_is_told_to_stop(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    quickly(monkeypatch, signer, AFTER_A_FAULT=NEVER)
    await log.write(1)
    await log.place()
    async with working(log, "signer") as one:
        await until(log, SIGNED.format(1))
        await log.write(1)
        await log.place()
        await until(log, SIGNED.format(2))
        pulses = await log.house.rows("SELECT process, behind FROM log.pulse")
        assert [tuple(row) for row in pulses] == [("signer", 0)]
        assert await one.done() == 2


async def test_a_second_signer_waits_until_the_first_has_gone(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    quickly(monkeypatch, signer, IDLE=NEVER)
    await log.write(1)
    await log.place()
    first = await asyncpg.connect(log.house.database.superuser_url)
    await first.execute("SELECT pg_advisory_lock(hashtextextended('log signer', 0))")
    async with working(log, "signer") as one:
        while sum("advisory" in asked for asked in one.asked) < 3:
            await asyncio.sleep(0)
        await until(log, SIGNED.format(0))
        assert all("advisory" in asked for asked in one.asked)
        await first.close()
        await until(log, SIGNED.format(1))
        assert await one.done() == 1


@pytest.mark.parametrize("role", ["sequencer", "signer"])
async def test_cut_off_from_the_database_it_comes_back(
    log: Log, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    quickly(monkeypatch, sequencer if role == "sequencer" else signer)
    await log.grow(1)
    async with working(log, role) as one:
        await until(log, "SELECT count(*) = 1 FROM log.pulse")
        assert await log.house.rows(_GONE, f"referral_{role}")
        await log.write(1)
        if role == "signer":
            await log.place()
        await until(log, (PLACED if role == "sequencer" else SIGNED).format(2))
        await one.done()


async def test_whole_batches_follow_each_other_without_a_pause(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    quickly(monkeypatch, sequencer, IDLE=NEVER)
    monkeypatch.setattr(sequencer, "BATCH", 2)
    await log.write(5)
    async with working(log, "sequencer") as one:
        await until(log, PLACED.format(5))
        assert await one.done() == 5


async def test_what_cannot_be_placed_is_an_alarm_until_it_can(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    quickly(monkeypatch, sequencer)
    log.house.honest = False
    await log.grow(2)
    stands = "SELECT count(*) = {} FROM log.alarm WHERE kind = 'unplaced' AND ended_at IS NULL"
    async with log.by("sequencer") as connection:
        await alarms.raise_(connection, sequencer.ALARM, "of one who was there before", log.now())
    async with working(log, "sequencer") as one:
        await until(log, stands.format(0))
        await log.superuser("UPDATE referral.audit_entry SET xid = '9000000000'::xid8")
        await one.done()  # it knows where the tree ends, and is not asked again so soon
    async with working(log, "sequencer") as one:
        await until(log, stands.format(1))
        assert "pg_resetwal" in (await log.alarms())["unplaced"]
        await log.superuser("UPDATE referral.audit_entry SET xid = '5'::xid8")
        await until(log, stands.format(0))
        await log.write(1)
        await until(log, PLACED.format(3))
        assert await one.done() == 1
