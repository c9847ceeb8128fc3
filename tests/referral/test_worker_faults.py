"""The clockwork when things go wrong: clocks that jump, a killed process, a merged agency."""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from referral import casework, worker
from referral.audit import ledger
from referral.casework import clockwork
from tests.cast import ROOT_KEY, House, asked, child_at_work

if TYPE_CHECKING:
    from collections.abc import Callable

_ENTRIES = """
SELECT act, (header::jsonb ->> 'occurred_at')::timestamptz AS due FROM referral.audit_entry
WHERE object_id = $1 AND actor = 'clockwork' ORDER BY seq
"""
# A process of the clockwork that has claimed what is due, says so, and gets no further.
_STUCK = """
import asyncio, sys
from datetime import datetime
from protocols.catalogue import Catalogue
from referral import casework, worker
from referral.audit import ledger
from referral.database import make_engine
from referral.entry import Installation
from referral.settings import Settings
from referral.vault import Vault

async def stuck(session, claimed, *, now):
    print("claimed", len(claimed), flush=True)
    await asyncio.sleep(3600)

casework.pass_time = stuck
url, key, now = sys.argv[1:]
engine = make_engine(url, pool_size=1)
made = Installation(Settings(), engine, Vault.from_text(key), Catalogue.load(goes_on=True))
asyncio.run(worker.turn(made, datetime.fromisoformat(now)))
"""


async def entries(house: House, hand_off: UUID) -> list[tuple[str, datetime]]:
    return [(row["act"], row["due"]) for row in await house.rows(_ENTRIES, hand_off)]


async def reported(house: House) -> UUID:
    """Child protection must answer within 24 hours."""
    return asked(await house.manages("inspector", casework.file, child_at_work()), "ZZ-C01")


async def test_a_process_killed_between_claim_and_act_loses_nothing_and_doubles_nothing(
    house: House,
) -> None:
    hand_off = await reported(house)
    due = house.at.forward(hours=12)
    told = (house.database.url_of("worker"), ROOT_KEY, due.isoformat())
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _STUCK, *told, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        assert await process.stdout.readline() == b"claimed 1\n"
    left = await worker.turn(house.clockwork, due)
    assert (left.fired, left.left) == (0, 1), "what another has claimed is left to it"
    process.send_signal(signal.SIGKILL)
    await process.wait()
    async with asyncio.timeout(60):
        while not (await worker.turn(house.clockwork, due)).fired:
            await asyncio.sleep(0)
    assert await entries(house, hand_off) == [("hand_off.reminded", due)]
    assert await worker.turn(house.clockwork, due) == worker.Turn()


async def test_a_clock_an_hour_ahead_fires_early_once_and_never_again(house: House) -> None:
    hand_off = await reported(house)
    due = house.at() + timedelta(hours=12)
    now = house.at.forward(hours=11, minutes=30)
    await worker.turn(house.clockwork, now + timedelta(hours=1))  # this server's clock has jumped
    assert await entries(house, hand_off) == [("hand_off.reminded", due)]
    assert await worker.turn(house.clockwork, now) == worker.Turn()
    # Whoever acts meanwhile, by a clock that is right, continues the same stream.
    await house.manages("social_worker", casework.accept, hand_off)
    house.at.forward(hours=1)
    await worker.turn(house.clockwork, house.at())
    assert [act for act, _ in await entries(house, hand_off)] == ["hand_off.reminded"]


async def test_a_clock_an_hour_behind_fires_late_and_says_when_it_was_due(house: House) -> None:
    hand_off = await reported(house)
    due = house.at() + timedelta(hours=12)
    now = house.at.forward(hours=12, minutes=30)
    assert (await worker.turn(house.clockwork, now - timedelta(hours=1))).fired == 0
    await worker.turn(house.clockwork, now)
    assert await entries(house, hand_off) == [("hand_off.reminded", due)]
    assert await worker.turn(house.clockwork, now - timedelta(hours=1)) == worker.Turn()


async def test_a_year_without_holidays_is_counted_by_the_week_and_says_so(house: House) -> None:
    house.at.to(datetime.fromisoformat("2036-03-03T12:00:00Z"))
    filed = await house.manages("inspector", casework.file, child_at_work())
    taken = await house.manages("social_worker", casework.accept, asked(filed, "ZZ-C01"))
    court = asked(taken, "ZZ-C04")
    (row,) = await house.rows("SELECT * FROM referral.clock WHERE hand_off_id = $1", court)
    assert row["due_at"] == datetime.fromisoformat("2036-03-05T23:59:59Z")
    assert "2036" in row["derivation"]
    told = await worker.turn(house.clockwork, house.at.forward(days=4))
    assert told.pushed == 0
    assert "hand_off.overdue" in [act for act, _ in await entries(house, court)]


async def test_an_agency_that_was_merged_is_asked_no_more_and_blocks_nothing(house: House) -> None:
    hand_off = await reported(house)
    # Last month the council and the directorate went up in others; nobody has their mandates.
    for part in ("coordinator", "directorate"):
        await house.rows(
            "UPDATE agencies.mandate SET valid_until = $2 WHERE unit_id = $1",
            house.player(part).unit_id,
            date(2026, 3, 2),
        )
    began = house.at()
    house.at.forward(days=4)
    told = await worker.turn(house.clockwork, house.at())
    assert told.pushed == 0
    found = await entries(house, hand_off)
    hours = {round((due - began).total_seconds() / 3600) for _, due in found}
    assert hours == {12, 24, 36, 48, 72}, "each rung, though nobody is left to be asked"
    gone = {house.player(part).unit_id for part in ("coordinator", "directorate")}
    called = await house.rows(
        "SELECT to_unit FROM referral.outbox"
        " WHERE hand_off_id = $1 AND kind = 'hand_off.escalated'",
        hand_off,
    )
    assert called
    assert not gone & {row["to_unit"] for row in called}, "nobody is there to be told"
    others = await house.rows("SELECT FROM referral.hand_off WHERE id <> $1", hand_off)
    assert others == []
    (case,) = await house.rows("SELECT warnings::text AS said FROM referral.case")
    assert "nobody-to-ask" in case["said"]


async def test_what_the_database_refuses_is_done_one_by_one_and_only_it_is_pushed_ahead(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    sick, well = await reported(house), await reported(house)
    now = house.at.forward(hours=12)
    forged: list[UUID] = []
    honest: Callable[..., object] = ledger.entries_of

    def forging(act: object, *more: object) -> object:
        rows = honest(act, *more)
        ids = {row["id"] for row in act.rows["marks"]}  # type: ignore[attr-defined]
        if str(sick) in ids:
            forged.append(sick)
            rows[0]["hash"] = "00" * 32  # type: ignore[index]
        return rows

    monkeypatch.setattr(clockwork, "entries_of", forging)
    monkeypatch.setattr(ledger, "entries_of", forging)
    with capture_logs() as written:
        told = await worker.turn(house.clockwork, now)
    assert (told.fired, told.pushed) == (1, 1)
    assert len(forged) == 2, "with the others, and then alone"
    assert await entries(house, sick) == []
    assert [act for act, _ in await entries(house, well)] == ["hand_off.reminded"]
    assert [one["event"] for one in written] == ["done one by one", "pushed ahead"]
    monkeypatch.undo()
    await worker.turn(house.clockwork, now + worker.PUSHED)
    assert await entries(house, sick) == [("hand_off.reminded", now)]


async def test_many_at_once_are_read_as_one_alone_is(house: House) -> None:
    await reported(house)
    house.at.forward(minutes=1)
    await reported(house)
    now = house.at.forward(hours=12)
    asking: set[str] = {"mine", "tracks", "person", "numbered"}  # what only somebody who acts needs
    async with house.worker.connect() as connection, connection.begin():
        await connection.exec_driver_sql("SELECT referral.begin_worker('ZZ')")
        found = await connection.exec_driver_sql("SELECT referral.claim_clocks($1, 10)", (now,))
        rows = list(found.scalars())
        assert len(rows) == 2
        for row in rows:
            due = row.pop("due")
            alone = (
                await connection.exec_driver_sql("SELECT referral.claim_clock($1, $2)", (due, now))
            ).scalar_one()
            for state in (row, alone):
                state["holder_mandates"].sort()
                for part in asking:
                    del state[part]
            assert row == alone
