"""After a change of a calendar the clockwork counts running limits again, some hundreds at a time.

It looks through them at once, and once more when no act that began before the change can still be
under way. It must never know which days these are, nor what a limit is for.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from referral import casework
from referral.entry import Installation
from referral.logs import fault_of
from referral.queries.entered_days import keep_up
from referral.session import WriteSession

_LOG = structlog.get_logger("referral.recounting")

AT_ONCE: Final = 200  # referrals in one transaction
SETTLED: Final = timedelta(minutes=2)  # longer than any transaction may take

_OPEN: Final = """
SELECT c.id, c.country, c.entered_at, min(d.day) AS since
FROM referral.calendar_change c JOIN referral.calendar_day d ON d.change_id = c.id
WHERE c.settled_at IS NULL AND (c.looked_at IS NULL OR c.entered_at <= $1)
GROUP BY c.id ORDER BY c.entered_at
"""
_BEGIN: Final = """
SELECT (SELECT count(*) FROM referral.calendar_day d WHERE d.country = $1) AS days
FROM (SELECT referral.begin_worker($1)) began
"""
_NEXT: Final = """
SELECT DISTINCT k.referral_id FROM referral.clock k
WHERE k.country = $1 AND k.state = 'running' AND k.clock = ANY ($2::text[])
    AND k.due_at >= $3::date - interval '1 day' AND k.referral_id > $4
ORDER BY k.referral_id LIMIT $5
"""


async def look_through(
    installation: Installation,
    connection: AsyncConnection,
    now: datetime,
    stopping: asyncio.Event | None = None,
) -> int:
    """Count again what the open changes may move; returns how many limits moved.

    A change whose limits could not all be looked at (somebody works on them) stays open for the
    next turn. Raises what the database raises when it is away.
    """
    async with connection.begin():
        changes = (await connection.exec_driver_sql(_OPEN, (now - SETTLED,))).all()
    moved = 0
    for change in changes:
        after, left = UUID(int=0), 0
        while stopping is None or not stopping.is_set():
            async with connection.begin():
                wanted, found = await _some(installation, connection, change, after, now)
            if found is None:
                if not left:
                    await _done(connection, change, now)
                break
            after, moved = wanted[-1], moved + found.moved
            left += len(wanted) - found.looked
            for referral, fault in found.faults:
                _LOG.error("limit not counted again", referral=str(referral), **fault_of(fault))
    return moved


async def _some(
    installation: Installation, connection: AsyncConnection, change: Any, after: UUID, now: datetime
) -> tuple[list[UUID], casework.Looked | None]:
    """The next referrals with limits counted in days; None when there are no more."""
    days = (await connection.exec_driver_sql(_BEGIN, (change.country,))).scalar_one()
    law = await keep_up(connection, installation, change.country, days)
    names = sorted(law.counted_in_days(change.country))
    values = (change.country, names, change.since, after, AT_ONCE)
    wanted = list((await connection.exec_driver_sql(_NEXT, values)).scalars())
    if not wanted:
        return [], None
    session = WriteSession(connection, installation.vault, law, "clockwork")
    return wanted, await casework.recount(session, change.id, wanted, now=now)


async def _done(connection: AsyncConnection, change: Any, now: datetime) -> None:
    last = now >= change.entered_at + SETTLED
    async with connection.begin():
        await connection.exec_driver_sql("SELECT referral.begin_worker($1)", (change.country,))
        await connection.exec_driver_sql(
            "SELECT referral.looked_through($1, $2, $3)", (change.id, now, last)
        )
