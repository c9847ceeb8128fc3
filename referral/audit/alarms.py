"""What is wrong with the log itself, and that whoever grows and signs it is alive.

An alarm of a kind stands once until it is ended. Whoever raises one also writes a line to the
service's log. Nothing here says anything of a case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

_LOG = structlog.get_logger("referral.log")

_RAISE: Final = """
INSERT INTO log.alarm (id, kind, what, raised_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (kind) WHERE ended_at IS NULL DO UPDATE SET what = excluded.what RETURNING id = $1
"""
_END: Final = (
    "UPDATE log.alarm SET ended_at = $2 WHERE kind = ANY ($1) AND ended_at IS NULL RETURNING kind"
)
_STANDING: Final = (
    "SELECT kind, what, raised_at FROM log.alarm WHERE ended_at IS NULL ORDER BY raised_at, kind"
)
_BEAT: Final = """
INSERT INTO log.pulse (process, at, behind, oldest_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (process) DO UPDATE SET at = excluded.at, behind = excluded.behind, oldest_at = excluded.oldest_at
"""
_PULSES: Final = "SELECT process, at, behind, oldest_at FROM log.pulse"


@dataclass(frozen=True, slots=True)
class Alarm:
    """What is wrong, since when, and what to do."""

    kind: str
    what: str
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class Pulse:
    """When a process last gave a sign of life, and what it had before it."""

    process: str
    at: datetime
    behind: int
    oldest_at: datetime | None


async def raise_(connection: AsyncConnection, kind: str, what: str, now: datetime) -> None:
    """Say it once; while it stands only its words are renewed. ``connection``: in no transaction."""
    async with connection.begin():
        values = (uuid7(), kind, what, now)
        new = (await connection.exec_driver_sql(_RAISE, values)).scalar()
    if new:
        _LOG.error("alarm", code=kind)


async def end(connection: AsyncConnection, kinds: Sequence[str], now: datetime) -> bool:
    """These are over. False always: whoever asked may stop asking."""
    async with connection.begin():
        ended = (await connection.exec_driver_sql(_END, (list(kinds), now))).all()
    for row in ended:
        _LOG.info("alarm over", code=row.kind)
    return False


async def standing(connection: AsyncConnection) -> list[Alarm]:
    """The alarms that stand."""
    rows = (await connection.exec_driver_sql(_STANDING)).all()
    return [Alarm(row.kind, row.what, row.raised_at) for row in rows]


async def beat(
    connection: AsyncConnection, process: str, now: datetime, behind: int, oldest: datetime | None
) -> None:
    """A sign of life, in the caller's transaction."""
    await connection.exec_driver_sql(_BEAT, (process, now, behind, oldest))


async def pulses(connection: AsyncConnection) -> dict[str, Pulse]:
    """By process."""
    rows = (await connection.exec_driver_sql(_PULSES)).all()
    return {row.process: Pulse(*tuple(row)) for row in rows}
