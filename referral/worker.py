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
from time import monotonic
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from referral import casework, recounting
from referral.attachments.scanning import ScannerDownError
from referral.audit import CLOCKWORK, Done, promises
from referral.audit.standing import watch
from referral.audit.streams import log_system
from referral.database import as_json
from referral.entry import Installation
from referral.logs import fault_of
from referral.notices.telling import Round, Teller
from referral.queries.entered_days import keep_up
from referral.session import WriteSession

_LOG = structlog.get_logger("referral.worker")

IDLE: Final = 1.0  # seconds between two looks; a look is one probe of a partial index
AFTER_A_FAULT: Final = 5.0  # seconds, while the database is away
LOG_LOOK: Final = 10.0  # seconds between two looks at the log itself
PUSHED: Final = timedelta(minutes=5)
AT_ONCE = 200  # clocks in one transaction: what is locked waits as long as it takes
KEPT: Final = timedelta(hours=1)  # between two looks for what has been kept long enough

# Whose turn it is: the country whose limit has been due longest. Choosing and taking on the
# country's context are one round trip.
_EARLIEST: Final = """
SELECT k.country, referral.begin_worker(k.country),
    (SELECT count(*) FROM referral.calendar_day d WHERE d.country = k.country) AS days
FROM (
    SELECT country FROM referral.clock
    WHERE state IN ('running', 'lapsed') AND next_at <= $1 AND country <> ALL ($2::text[])
    ORDER BY next_at LIMIT 1
) k
"""

_LEFT: Final = """
SELECT count(*) FROM (
    SELECT FROM referral.clock WHERE state IN ('running', 'lapsed') AND next_at <= $1 LIMIT 1000
) k
"""

_UNREVIEWED: Final = """
SELECT referral.escalate_glass($1) FROM (SELECT referral.begin_worker('')) began
"""

# Only while it is still due: who fired it meanwhile has already set its next moment.
_PUSH: Final = """
SELECT referral.push_clock(k.id, $3, $4)
FROM (SELECT referral.begin_worker($2)) began, referral.clock k
WHERE k.id = $1 AND k.next_at < $4 AND k.state IN ('running', 'lapsed')
"""


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
    """Let time pass up to ``now``: fire every rung that is due.

    1. Claim the earliest due clocks of the country whose turn it is, without waiting; whose case
       is locked by somebody else is passed over.
    2. Carry their rungs out and commit: from here the facts stand, with the moment each was *due*.
    3. One that cannot be decided is pushed ahead in a transaction of its own, and only then is the
       fault reported: it never stands before the other deadlines. If the database refuses, all is
       rolled back and each is done alone, so that again only the one at fault is pushed ahead.
    4. Repeat until nothing can be claimed, or until ``stopping`` is set; never within a batch.

    Raises what the database raises when it is away.
    """
    told, done = Turn(), set[str]()
    async with installation.engine.connect() as connection:
        await _escalate(installation, connection, now)
        await recounting.look_through(installation, connection, now, stopping)
        while stopping is None or not stopping.is_set():
            country, claimed, passed = await _batch(installation, connection, now, done)
            if country is None:
                break
            if not claimed:
                done.add(country)
            if passed is None:
                told.add(await _one_by_one(installation, connection, claimed, now))
                continue
            told.fired += passed.fired
            for one, fault in passed.faults:
                await _push(connection, one, now, fault)
                told.pushed += 1
        if done:
            told.left = await _left(connection, now)
    return told


async def _batch(
    installation: Installation, connection: AsyncConnection, now: datetime, done: set[str]
) -> tuple[str | None, list[casework.Claimed], casework.Passed | None]:
    """The country, what was claimed of it, and what came of that; None when it was rolled back."""
    claimed: list[casework.Claimed] = []
    try:
        async with connection.begin():
            found = await connection.exec_driver_sql(_EARLIEST, (now, list(done)))
            row = found.one_or_none()
            if row is None:
                return None, [], None
            country = str(row.country)
            await keep_up(connection, installation, country, row.days)
            session = _session(installation, connection)
            claimed = await casework.claim(session, most=AT_ONCE, now=now)
            return country, claimed, await casework.pass_time(session, claimed, now=now)
    except Exception as fault:
        if not claimed or connection.closed or connection.invalidated:
            raise
        _LOG.warning("done one by one", count=len(claimed), **fault_of(fault))
        return claimed[0].country, claimed, None


async def _one_by_one(
    installation: Installation,
    connection: AsyncConnection,
    claimed: list[casework.Claimed],
    now: datetime,
) -> Turn:
    """Each in a transaction of its own, as if there were no other."""
    told = Turn()
    for one in claimed:
        try:
            async with connection.begin():
                await connection.exec_driver_sql("SELECT referral.begin_worker($1)", (one.country,))
                fired = await casework.lapse(_session(installation, connection), one.id, now=now)
                told.fired += fired is not None
        except Exception as fault:  # noqa: BLE001 - it may be anything; the push raises if it is away
            await _push(connection, one, now, fault)
            told.pushed += 1
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


async def _left(connection: AsyncConnection, now: datetime) -> int:
    """How many are due and were somebody else's; a thousand stands for more."""
    async with connection.begin():
        return int((await connection.exec_driver_sql(_LEFT, (now,))).scalar_one())


async def _push(
    connection: AsyncConnection, one: casework.Claimed, now: datetime, fault: Exception
) -> None:
    async with connection.begin():
        await connection.exec_driver_sql(_PUSH, (one.id, one.country, now, now + PUSHED))
    # Never the text of a fault: it may quote a row.
    named = {"clock": str(one.id), "code": one.clock, "country": one.country}
    _LOG.error("pushed ahead", **named, **fault_of(fault))


def _session(installation: Installation, connection: AsyncConnection) -> WriteSession:
    return WriteSession(connection, installation.vault, installation.catalogue, "clockwork")


_OVER: Final = """
SELECT referral.forget_bundles($1) FROM (SELECT referral.begin_worker('')) began
"""

_CHECKPOINT: Final = "SELECT referral.tell_checkpoint($1)"

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


async def look_at_log(installation: Installation, now: datetime) -> dict[str, str]:
    """Whether the log is grown, signed and countersigned; alarms say what is not.

    Promises that were not kept are one of them. Bundles whose day is over are forgotten. Agencies'
    systems that asked for it are told of the newest checkpoint.
    """
    async with installation.engine.connect() as connection:
        found = await watch(connection, installation.settings.log_quorum, now)
        await promises.watch(connection, now)
        async with connection.begin():
            await connection.exec_driver_sql(_OVER, (now,))
    for code in installation.catalogue.countries:
        async with _acting_in(installation, code) as session:
            await session.connection.exec_driver_sql(_CHECKPOINT, (now,))
    return found


async def tell(
    installation: Installation, now: datetime, stopping: asyncio.Event | None = None
) -> Round:
    """Tell everybody what is to be told by ``now``. Raises what the database raises."""
    return await Teller(installation.engine, installation.channels).tell(now, stopping)


async def run(installation: Installation, stopping: asyncio.Event | None = None) -> Turn:
    """Take turns until told to stop; returns what all of them came to.

    Telling goes on beside the clocks, not between them: a mail server that hangs stops no limit.

    ``installation`` has the connections of ``referral_worker``. Without an event of the caller's,
    SIGTERM and Ctrl-C stop it, after the rung it is at.
    """
    stopping = stopping or _until_signalled()
    telling = asyncio.create_task(_go_on_telling(installation, stopping))
    try:
        return await _go_on(installation, stopping)
    finally:
        await telling


async def _go_on_telling(installation: Installation, stopping: asyncio.Event) -> None:
    teller = Teller(installation.engine, installation.channels)
    while not stopping.is_set():
        wait = IDLE
        try:
            done = await teller.tell(installation.clock(), stopping)
            if done.later or done.refused:
                _LOG.warning("not told", count=done.later + done.refused)
        except Exception as fault:  # noqa: BLE001 - the next round tries again
            _LOG.error("telling failed", **fault_of(fault))
            wait = AFTER_A_FAULT
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), wait)


async def _go_on(installation: Installation, stopping: asyncio.Event) -> Turn:
    whole, looked = Turn(), monotonic()  # at a start, whoever grows and signs is starting too
    look_at = installation.clock()
    while not stopping.is_set():
        wait = IDLE
        try:
            told = await turn(installation, installation.clock(), stopping)
            whole.add(told)
            if told.fired:
                _LOG.info("fired", count=told.fired)
            await look_through(installation, installation.clock(), stopping)
            if monotonic() - looked >= LOG_LOOK:
                looked = monotonic()
                await look_at_log(installation, installation.clock())
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
