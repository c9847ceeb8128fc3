"""Every committed entry gets its place in the tree: dense, for good, and each exactly once.

The order is (transaction, id), and an entry is taken only when every transaction that could still
come before it has ended (security.md 4.3: whoever asks for "all after the last one" misses those
that commit late). One places at a time; it signs nothing. Role ``referral_sequencer``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import Any, Final, NamedTuple
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from referral.audit import alarms, checkpoints, merkle
from referral.audit.checkpoints import Epoch
from referral.audit.proof import leaf_hash
from referral.logs import fault_of

_LOG = structlog.get_logger("referral.sequencer")

BATCH: Final = 4096  # entries placed in one transaction
IDLE: Final = (
    0.4  # seconds between two looks: one probe of an index, and a batch of what came since
)
AFTER_A_FAULT: Final = 5.0
PULSE: Final = 5.0  # seconds between two signs of life
ALARM: Final = "unplaced"

# Held until the transaction ends. Who finds it taken leaves the work to whoever has it.
_ALONE: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended('log sequencer', 0))"
_WHERE: Final = """
SELECT e.xid::text AS xid, e.id FROM log.position p JOIN referral.audit_entry e ON e.id = p.entry_id
WHERE p.epoch = $1 AND p.position = $2
"""
_OPENING: Final = "SELECT id, header FROM referral.audit_entry WHERE id = $1"
# Ordered, so that it is a probe of the index whatever the table holds.
_NEWER: Final = """
SELECT $1::text::xid8 >= pg_snapshot_xmax(pg_current_snapshot()) OR coalesce((
    SELECT true FROM referral.audit_entry
    WHERE (xid, id) > ($1::text::xid8, $2::uuid) AND xid < pg_snapshot_xmin(pg_current_snapshot()) AND id <> ALL ($3::uuid[])
    ORDER BY xid, id LIMIT 1
), false)
"""
_NEXT: Final = """
SELECT xid::text AS numbered, id, header FROM referral.audit_entry
WHERE (xid, id) > ($1::text::xid8, $2::uuid) AND xid < pg_snapshot_xmin(pg_current_snapshot()) AND id <> ALL ($3::uuid[])
ORDER BY xid, id LIMIT $4
"""
_COUNTER: Final = "SELECT $1::text::xid8 >= pg_snapshot_xmax(pg_current_snapshot())"
_PLACE: Final = """
INSERT INTO log.position (epoch, position, entry_id)
SELECT $1, $2 + n - 1, id FROM unnest($3::uuid[]) WITH ORDINALITY AS placed (id, n)
"""
_GROW: Final = """
INSERT INTO log.tile (epoch, level, number, hashes)
SELECT $1, t.level, t.number, t.hashes FROM unnest($2::smallint[], $3::bigint[], $4::bytea[]) AS t (level, number, hashes)
ON CONFLICT (epoch, level, number) DO UPDATE SET hashes = excluded.hashes
"""
_WAITING: Final = """
SELECT count(*) AS behind, min(at) AS oldest FROM (
    SELECT at FROM referral.audit_entry WHERE (xid, id) > ($1::text::xid8, $2::uuid) AND id <> ALL ($3::uuid[])
    ORDER BY xid, id LIMIT 100000
) waiting
"""


class BehindError(Exception):
    """The database counts transactions it has counted before: it was put back from a copy."""


class _Edge(NamedTuple):
    """Where the tree that grows now ends, and after which entry it goes on."""

    epoch: int
    size: int
    xid: str
    id: UUID
    openings: list[UUID]  # entry 0 of each epoch: placed first there, and not again after
    opening: UUID | None  # of this epoch, while it is still to be placed

    def after(self, rows: list[Any]) -> _Edge | None:
        """With these placed; None after an opening, which stands out of order."""
        if self.opening is not None:
            return None
        size, last = self.size + len(rows), rows[-1]
        return self._replace(size=size, xid=last.numbered, id=last.id)


async def place(connection: AsyncConnection, *, batch: int = BATCH) -> int:
    """Place what is committed, at most ``batch`` entries, in one transaction; returns how many.

    ``connection`` is in no transaction. Raises BehindError when the transaction counter has gone
    back: entries written now would sort before those that stand, and never be placed.
    """
    return (await _place(connection, batch))[0]


async def _place(connection: AsyncConnection, batch: int) -> tuple[int, _Edge | None]:
    """How many, and where the tree ends then; None when that must be looked up again."""
    async with connection.begin():
        if not (await connection.exec_driver_sql(_ALONE)).scalar():
            return 0, None
        known = await checkpoints.epochs(connection)
        if not known:
            return 0, None  # no tree is begun yet: what is written meanwhile waits for it
        edge = await _edge(connection, known)
        rows = await _next(connection, edge, batch)
        if not rows:
            await _counter(connection, edge)
            return 0, edge
        last = await checkpoints.tiles_at(connection, edge.epoch, merkle.last_tiles(edge.size))
        leaves = [leaf_hash(row.header.encode()) for row in rows]
        tiles = merkle.grown(edge.size, last, leaves)
        await connection.exec_driver_sql(_PLACE, (edge.epoch, edge.size, [row.id for row in rows]))
        levels, numbers = [tile.level for tile in tiles], [tile.number for tile in tiles]
        await connection.exec_driver_sql(_GROW, (edge.epoch, levels, numbers, list(tiles.values())))
        return len(rows), edge.after(rows)


async def _newer(connection: AsyncConnection, edge: _Edge) -> bool:
    """Whether there is something to place, or to say: one probe of an index."""
    async with connection.begin():
        values = (edge.xid, edge.id, edge.openings)
        return bool((await connection.exec_driver_sql(_NEWER, values)).scalar())


async def _next(connection: AsyncConnection, edge: _Edge, batch: int) -> list[Any]:
    if edge.opening is not None:
        return list((await connection.exec_driver_sql(_OPENING, (edge.opening,))).all())
    found = await connection.exec_driver_sql(_NEXT, (edge.xid, edge.id, edge.openings, batch))
    return list(found.all())


async def _edge(connection: AsyncConnection, known: list[Epoch]) -> _Edge:
    number = known[-1].number if known else 1
    size = await checkpoints.placed(connection, number)
    opening = known[-1].entry_id if known and size == 0 else None
    xid, after = await _after(connection, known, number, size)
    return _Edge(number, size, xid, after, _openings(known), opening)


async def _after(
    connection: AsyncConnection, known: list[Epoch], epoch: int, size: int
) -> tuple[str, UUID]:
    """The last entry placed in order. An epoch goes on after what it kept of the one before."""
    first = 0 if epoch == 1 else 1  # entry 0 of a later one stands out of order
    if size > first:
        row = (await connection.exec_driver_sql(_WHERE, (epoch, size - 1))).one()
        return row.xid, row.id
    if epoch == 1:
        return "0", UUID(int=0)
    return await _after(connection, known, epoch - 1, known[epoch - 1].kept)


def _openings(known: list[Epoch]) -> list[UUID]:
    """Entries that are not placed in order; one whose whole epoch counts no more is told again."""
    kept = {epoch.number - 1 for epoch in known if epoch.kept} | {len(known)}
    return [epoch.entry_id for epoch in known if epoch.entry_id and epoch.number in kept]


async def _counter(connection: AsyncConnection, edge: _Edge) -> None:
    if (await connection.exec_driver_sql(_COUNTER, (edge.xid,))).scalar():
        raise BehindError(
            f"The database counts transactions from below {edge.xid}, which stands in the log "
            "already: it was filled from a dump, and what is written now would never be placed. "
            f"Stop the service, set the counter forward (pg_resetwal --next-transaction-id, above "
            f"{edge.xid}), then open a new epoch: `referral audit epoch propose`."
        )


async def pulse(connection: AsyncConnection, now: datetime) -> None:
    """A sign of life, and what still waits."""
    async with connection.begin():
        edge = await _edge(connection, await checkpoints.epochs(connection))
        values = (edge.xid, edge.id, edge.openings)
        waiting = (await connection.exec_driver_sql(_WAITING, values)).one()
        await alarms.beat(connection, "sequencer", now, waiting.behind, waiting.oldest)


async def run(engine: AsyncEngine, clock: Callable[[], datetime], stopping: asyncio.Event) -> int:
    """Place until told to stop; returns how many entries. Never in the middle of a transaction."""
    placed, beaten, wrong = 0, -PULSE, True
    while not stopping.is_set():
        wait = IDLE
        try:
            async with engine.connect() as connection:
                edge: _Edge | None = None
                while not stopping.is_set():
                    count = 0
                    if edge is None or await _newer(connection, edge):
                        count, edge = await _place(connection, BATCH)
                    placed += count
                    if wrong:
                        wrong = await alarms.end(connection, [ALARM], clock())
                    if monotonic() - beaten >= PULSE:
                        beaten, edge = monotonic(), None  # and where the tree ends is looked up
                        await pulse(connection, clock())
                    if count < BATCH:
                        await _pause(stopping, IDLE)
        except BehindError as fault:
            wrong, wait = True, AFTER_A_FAULT
            await _tell(engine, str(fault), clock())
        except Exception as fault:  # noqa: BLE001 - the next look tries again
            _LOG.error("placing failed", **fault_of(fault))
            wait = AFTER_A_FAULT
        await _pause(stopping, wait)
    return placed


async def _tell(engine: AsyncEngine, what: str, now: datetime) -> None:
    async with engine.connect() as connection:
        await alarms.raise_(connection, ALARM, what, now)


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
