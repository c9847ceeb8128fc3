"""What the log says of itself: checkpoints, who countersigned them, and the proofs between them.

Reads only, as any role that may read the schema ``log``. An entry has its place in the tree of an
*epoch*; a later epoch tells anew whatever the last checkpoint it kept of the one before does not
cover, so that the place that counts is the one in the latest epoch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from referral.audit import merkle
from referral.audit.merkle import Range, Tile
from referral.audit.proof import Checkpoint
from referral.database import decoded

QUORUM: Final = 2  # witnesses that make a checkpoint final

_SIGNED: Final = """
SELECT c.epoch, c.size, c.root, c.note, c.signed_at, c.seen_at, e.origin, coalesce(k.cosigned, '[]') AS cosigned
FROM log.checkpoint c JOIN log.epoch e ON e.epoch = c.epoch LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('witness', w.name, 'independent', w.independent, 'line', s.line,
        'signed_at', s.signed_at, 'kept_at', s.kept_at) ORDER BY w.name) AS cosigned
    FROM log.cosignature s JOIN log.witness w ON w.name = s.witness WHERE s.epoch = c.epoch AND s.size = c.size
) k ON true
"""
_LATEST: Final = _SIGNED + "ORDER BY c.epoch DESC, c.size DESC LIMIT 1"
_AT: Final = _SIGNED + "WHERE c.epoch = $1 AND c.size = $2"
_COVERING: Final = _SIGNED + "WHERE c.epoch = $1 AND c.size > $2 ORDER BY c.size LIMIT 1"
_FINAL: Final = """
SELECT s.size FROM log.cosignature s WHERE s.epoch = $1 AND s.size > $2
GROUP BY s.size HAVING count(*) >= $3 ORDER BY s.size {order} LIMIT 1
"""
_FIRST_FINAL: Final = _FINAL.format(order="ASC")
_LAST_FINAL: Final = _FINAL.format(order="DESC")
_PLACE: Final = (
    "SELECT epoch, position FROM log.position WHERE entry_id = $1 ORDER BY epoch DESC LIMIT 1"
)
_NEWEST: Final = "SELECT coalesce(max(size), 0) FROM log.checkpoint WHERE epoch = $1"
_PLACED: Final = "SELECT max(position) FROM log.position WHERE epoch = $1"
_EPOCHS: Final = "SELECT epoch, origin, signer, entry_id, kept, statement, opening, opened_at FROM log.epoch ORDER BY epoch"
_TILES: Final = """
SELECT t.level, t.number, t.hashes FROM unnest($2::smallint[], $3::bigint[]) AS a (level, number)
JOIN log.tile t ON t.epoch = $1 AND t.level = a.level AND t.number = a.number
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands: which tree, and its index in it."""

    epoch: int
    index: int


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A witness's signature under a checkpoint; ``signed_at`` is her clock, ``kept_at`` ours."""

    witness: str
    independent: bool
    line: str
    signed_at: datetime
    kept_at: datetime


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint as it was signed, with those who countersigned it up to now."""

    epoch: int
    checkpoint: Checkpoint
    own: str  # the note with the log's own signature alone
    signed_at: datetime
    seen_at: datetime
    cosigned: tuple[Cosigned, ...]

    @property
    def note(self) -> str:
        """The whole note: text, the log's signature, every cosignature."""
        return self.own + "".join(one.line for one in self.cosigned)

    def final(self, quorum: int = QUORUM) -> bool:
        """Whether enough have countersigned it."""
        return len(self.cosigned) >= quorum


@dataclass(frozen=True, slots=True)
class Epoch:
    """One life of the tree. ``kept``: how many entries of the epoch before count on."""

    number: int
    origin: str
    signer: str  # verifier key
    entry_id: UUID | None  # entry 0; the first epoch has none of the kind
    kept: int
    statement: str | None  # what two custodians signed; the first epoch needs nobody's word
    opening: str | None  # header of entry 0
    opened_at: datetime


async def latest(connection: AsyncConnection) -> Signed | None:
    """The newest checkpoint; None before the first."""
    return await _signed(connection, _LATEST)


async def at_size(connection: AsyncConnection, epoch: int, size: int) -> Signed | None:
    """The checkpoint of exactly this size, if there is one."""
    return await _signed(connection, _AT, epoch, size)


async def covering(connection: AsyncConnection, place: Place) -> Signed | None:
    """The first checkpoint that covers an entry; None while it waits for one."""
    return await _signed(connection, _COVERING, place.epoch, place.index)


async def final_covering(
    connection: AsyncConnection, place: Place, quorum: int = QUORUM
) -> Signed | None:
    """The first final checkpoint that covers an entry; None while it is provisional."""
    size = await _one(connection, _FIRST_FINAL, place.epoch, place.index, quorum)
    return None if size is None else await at_size(connection, place.epoch, size)


async def last_final(
    connection: AsyncConnection, epoch: int, quorum: int = QUORUM
) -> Signed | None:
    """The newest final checkpoint of an epoch."""
    size = await _one(connection, _LAST_FINAL, epoch, 0, quorum)
    return None if size is None else await at_size(connection, epoch, size)


async def place_of(connection: AsyncConnection, entry_id: UUID) -> Place | None:
    """An entry's place in the latest epoch that has it; None until it was placed."""
    row = (await connection.exec_driver_sql(_PLACE, (entry_id,))).one_or_none()
    return None if row is None else Place(row.epoch, row.position)


async def placed(connection: AsyncConnection, epoch: int) -> int:
    """How many entries an epoch's tree holds, signed or not yet."""
    last = await _one(connection, _PLACED, epoch)
    return 0 if last is None else int(last) + 1


async def newest_of(connection: AsyncConnection, epoch: int) -> int:
    """The size of an epoch's newest checkpoint; 0 before the first."""
    return int(await _one(connection, _NEWEST, epoch))


async def epochs(connection: AsyncConnection) -> list[Epoch]:
    """All of them, the first first."""
    rows = (await connection.exec_driver_sql(_EPOCHS)).all()
    return [Epoch(*tuple(row)) for row in rows]


async def inclusion(connection: AsyncConnection, place: Place, size: int) -> tuple[bytes, ...]:
    """The path from an entry to the root at ``size``.

    Raises ValueError when there is no such entry at that size, LookupError when the tree is not
    there so far.
    """
    return await hashes_of(connection, place.epoch, merkle.inclusion_path(place.index, size))


async def consistency(
    connection: AsyncConnection, epoch: int, old: int, new: int
) -> tuple[bytes, ...]:
    """What proves that the tree of ``new`` begins with that of ``old``; raises as ``inclusion``."""
    return await hashes_of(connection, epoch, merkle.consistency_path(old, new))


async def root_at(connection: AsyncConnection, epoch: int, size: int) -> bytes:
    """The root the stored tree has at a size of at least 1; raises LookupError."""
    return (await hashes_of(connection, epoch, [(0, size)]))[0]


async def hashes_of(
    connection: AsyncConnection, epoch: int, ranges: Iterable[Range]
) -> tuple[bytes, ...]:
    """The root over each range, from the stored tiles; raises LookupError where they end."""
    wanted = list(ranges)
    tiles = await tiles_at(connection, epoch, merkle.tiles_of(wanted))
    try:
        return tuple(merkle.root_in(tiles, one) for one in wanted)
    except (KeyError, ValueError) as fault:
        raise LookupError(f"the stored tree does not reach so far: {fault}") from fault


async def tiles_at(
    connection: AsyncConnection, epoch: int, tiles: Iterable[Tile]
) -> dict[Tile, bytes]:
    """Those of these tiles that are there."""
    wanted = list(tiles)
    levels, numbers = [one.level for one in wanted], [one.number for one in wanted]
    rows = (await connection.exec_driver_sql(_TILES, (epoch, levels, numbers))).all()
    return {Tile(row.level, row.number): bytes(row.hashes) for row in rows}


async def _one(connection: AsyncConnection, statement: str, *values: Any) -> Any:
    return (await connection.exec_driver_sql(statement, values)).scalar()


async def _signed(connection: AsyncConnection, statement: str, *values: Any) -> Signed | None:
    row = (await connection.exec_driver_sql(statement, values)).one_or_none()
    if row is None:
        return None
    return Signed(
        row.epoch,
        Checkpoint(row.origin, row.size, bytes(row.root)),
        row.note,
        row.signed_at,
        row.seen_at,
        tuple(_cosigned(one) for one in decoded(row.cosigned)),
    )


def _cosigned(told: dict[str, Any]) -> Cosigned:
    return Cosigned(
        told["witness"],
        told["independent"],
        told["line"],
        datetime.fromisoformat(told["signed_at"]),
        datetime.fromisoformat(told["kept_at"]),
    )
