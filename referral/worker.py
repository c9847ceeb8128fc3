"""The clockwork: when a limit passes, somebody is told. It wakes, looks what is due, and acts.

It sees which clocks are due and nothing else of a case; it moves no state, it only lets time pass
(``casework.lapse``). Any number of these may run at once, here or on other machines: each rung
fires exactly once. It must never know what a protocol says or who is behind a case.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from referral import casework
from referral.attachments.scanning import ScannerDownError
from referral.audit import CLOCKWORK, Done
from referral.audit.streams import log_system
from referral.database import as_json
from referral.entry import Installation
from referral.logs import fault_of
from referral.session import WriteSession

_LOG = structlog.get_logger("referral.worker")

IDLE: Final = 1.0  # seconds between two looks; a look is one probe of a partial index
AFTER_A_FAULT: Final = 5.0  # seconds, while the database is away
PUSHED: Final = timedelta(minutes=5)
KEPT: Final = timedelta(hours=1)  # between two looks for what has been kept long enough

# The earliest first, whichever case it belongs to: a clock's second rung must not overtake another
# clock's first. Choosing and taking on the country's context are one round trip.
_NEXT: Final = """
SELECT k.id, k.country, k.clock, referral.begin_worker(k.country) FROM (
    SELECT id, country, clock FROM referral.clock
    WHERE state IN ('running', 'lapsed') AND next_at <= $1 AND id <> ALL ($2::uuid[])
    ORDER BY next_at, id LIMIT 1
) k
"""

_UNREVIEWED: Final = """
SELECT referral.escalate_glass($1) FROM (SELECT referral.begin_worker('')) began
"""

# Only while it is still due: who fired it meanwhile has already set its next moment.
_PUSH: Final = """
SELECT referral.push_clock(k.id, $3) FROM (SELECT referral.begin_worker($2)) began, referral.clock k
WHERE k.id = $1 AND k.next_at < $3 AND k.state IN ('running', 'lapsed')
"""


class Due(NamedTuple):
    """A clock whose next rung is due: its id, its country, and its name in the protocol."""

    id: UUID
    country: str
    clock: str


@dataclass(slots=True)
class Turn:
    """What one pass came to. ``left``: somebody else was there; the next pass looks again."""

    fired: int = 0
    left: int = 0
    pushed: int = 0

    def add(self, other: Turn) -> None:
        """Count another pass to this one."""
        self.fired += other.fired
        self.left += other.left
        self.pushed += other.pushed


async def turn(
    installation: Installation, now: datetime, stopping: asyncio.Event | None = None
) -> Turn:
    """Let time pass up to ``now``: fire every rung that is due, one transaction each.

    1. Take the earliest due clock that was not left alone in this pass.
    2. Claim its case without waiting; who finds it locked, or the rung fired, leaves it alone.
    3. Carry the rung out and commit: from here the fact stands, with the moment it was *due*.
    4. A rung that cannot be carried out is rolled back, its clock pushed ahead in a transaction of
       its own, and only then is the fault reported: it never stands before the other deadlines.
    5. Repeat until nothing is due, or until ``stopping`` is set; never in the middle of a rung.

    Raises what the database raises when it is away.
    """
    told, left = Turn(), set[UUID]()
    async with installation.engine.connect() as connection:
        await _escalate(installation, connection, now)
        while stopping is None or not stopping.is_set():
            due: Due | None = None
            try:
                async with connection.begin():
                    due = await _next(connection, now, left)
                    if due is None:
                        break
                    session = _session(installation, connection)
                    fired = await casework.lapse(session, due.id, now=now)
            except Exception as fault:
                if due is None:
                    raise
                await _push(connection, due, now, fault)
                told.pushed += 1
                continue
            if fired is None:
                left.add(due.id)
                told.left += 1
            else:
                told.fired += 1
    return told


async def _escalate(installation: Installation, connection: AsyncConnection, now: datetime) -> None:
    """Glasses nobody has reviewed in time: who protects data is told, each once, and the log."""
    async with connection.begin():
        session = _session(installation, connection)
        for one in await as_json(connection, _UNREVIEWED, now):
            await connection.exec_driver_sql("SELECT referral.begin_worker($1)", (one["country"],))
            await log_system(
                session,
                Done.GLASS_ESCALATED,
                by=CLOCKWORK,
                about=("glass", UUID(one["id"])),
                now=now,
                why="clock",
                occurred_at=datetime.fromisoformat(one["due"]),
            )


async def _next(connection: AsyncConnection, now: datetime, left: set[UUID]) -> Due | None:
    row = (await connection.exec_driver_sql(_NEXT, (now, list(left)))).one_or_none()
    return Due(row.id, row.country, row.clock) if row is not None else None


async def _push(connection: AsyncConnection, due: Due, now: datetime, fault: Exception) -> None:
    async with connection.begin():
        await connection.exec_driver_sql(_PUSH, (due.id, due.country, now + PUSHED))
    # Never the text of a fault: it may quote a row.
    named = {"clock": str(due.id), "code": due.clock, "country": due.country}
    _LOG.error("pushed ahead", **named, **fault_of(fault))


def _session(installation: Installation, connection: AsyncConnection) -> WriteSession:
    return WriteSession(connection, installation.vault, installation.catalogue, "clockwork")


_WAITING: Final = """
SELECT a.id, a.country, referral.begin_worker(a.country) FROM (
    SELECT id, country FROM referral.attachment
    WHERE state = 'quarantined' AND next_at <= $1 ORDER BY next_at, id LIMIT 1
) a
"""


async def look_through(
    installation: Installation, now: datetime, stopping: asyncio.Event | None = None
) -> int:
    """Look through every file that waits in quarantine; returns how many got a verdict.

    1. Take one in hand and commit: nobody else looks at it for some minutes.
    2. Scan it and make the copy to view, with no transaction open.
    3. Write the verdict down. Whoever is ended in between leaves a file that waits again.

    Raises what the database raises when it is away, and ScannerDownError.
    """
    settled = 0
    while stopping is None or not stopping.is_set():
        async with installation.engine.begin() as connection:
            row = (await connection.exec_driver_sql(_WAITING, (now,))).one_or_none()
            if row is None:
                break
            session = _session(installation, connection)
            waiting = await casework.take_in_hand(session, row.id, now=now)
        if waiting is not None:
            settled += await _verdict(installation, row.country, waiting, now)
    return settled


async def _verdict(
    installation: Installation, country: str, waiting: casework.Waiting, now: datetime
) -> bool:
    try:
        verdict = await casework.look_through(waiting, installation.scan)
    except ScannerDownError:
        async with _acting_in(installation, country) as session:
            await casework.put_back(session, waiting)
        raise
    async with _acting_in(installation, country) as session:
        return await casework.settle(session, waiting, verdict, now=now) is not None


async def keep_no_longer(
    installation: Installation, now: datetime, stopping: asyncio.Event | None = None
) -> int:
    """Note every case whose period of keeping is over; returns how many. It erases nothing.

    The periods are the country's own (``retention`` in country.yaml), by track. Each case is noted
    once, in a transaction of its own.
    """
    noted = 0
    for code in installation.catalogue.countries:
        rows = installation.catalogue.country(code).retention
        years = {track: row.years for row in rows for track in row.tracks or ("*",)}
        while years and not (stopping and stopping.is_set()):
            async with _acting_in(installation, code) as session:
                found = await casework.kept_long_enough(session, years, now=now)
            told = 0
            for case_id in found:
                async with _acting_in(installation, code) as session:
                    told += await casework.note_retention(session, case_id, now=now)
            noted += told
            if not told:
                break
    return noted


@asynccontextmanager
async def _acting_in(installation: Installation, country: str) -> AsyncIterator[WriteSession]:
    async with installation.engine.begin() as connection:
        await connection.exec_driver_sql("SELECT referral.begin_worker($1)", (country,))
        yield _session(installation, connection)


async def run(installation: Installation, stopping: asyncio.Event | None = None) -> Turn:
    """Take turns until told to stop; returns what all of them came to.

    ``installation`` has the connections of ``referral_worker``. Without an event of the caller's,
    SIGTERM and Ctrl-C stop it, after the rung it is at.
    """
    stopping = stopping or _until_signalled()
    whole, look_at = Turn(), installation.clock()
    while not stopping.is_set():
        wait = IDLE
        try:
            told = await turn(installation, installation.clock(), stopping)
            whole.add(told)
            if told.fired:
                _LOG.info("fired", count=told.fired)
            await look_through(installation, installation.clock(), stopping)
            if installation.clock() >= look_at:
                await keep_no_longer(installation, installation.clock(), stopping)
                look_at = installation.clock() + KEPT
        except Exception as fault:  # noqa: BLE001 - the clock must go on: the next turn tries again
            _LOG.error("turn failed", **fault_of(fault))
            wait = AFTER_A_FAULT
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), wait)
    return whole


def _until_signalled() -> asyncio.Event:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping
