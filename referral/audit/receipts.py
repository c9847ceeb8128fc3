"""A receipt: an entry, its place in the log, the way from it to a signed root (C2SP tlog-proof).

Reads only. Whoever has it proves years later, without us, that the entry was in the log: ``proof``
checks it. Provisional until enough witnesses have countersigned its checkpoint.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from referral.audit import checkpoints, merkle
from referral.audit.checkpoints import Place, Signed
from referral.audit.proof import FORM


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an entry stands under a checkpoint, and the hashes that prove it."""

    place: Place
    signed: Signed
    path: tuple[bytes, ...]
    final: bool


async def placed(connection: AsyncConnection, entry: UUID, quorum: int) -> Placed | None:
    """An entry under the first final checkpoint that covers it, or else the first there is.

    None while it waits for its place or for a checkpoint.
    """
    place = await checkpoints.place_of(connection, entry)
    if place is None:
        return None
    final = await checkpoints.final_covering(connection, place, quorum)
    signed = final or await checkpoints.covering(connection, place)
    if signed is None:
        return None
    path = await checkpoints.inclusion(connection, place, signed.checkpoint.size)
    return Placed(place, signed, path, final is not None)


@dataclass(frozen=True, slots=True)
class Together:
    """Many entries under one checkpoint: each one's index, and the hashes that prove it."""

    signed: Signed
    final: bool
    proved: dict[UUID, tuple[int, tuple[bytes, ...]]]


_PLACES: Final = (
    "SELECT epoch, entry_id, position FROM log.position WHERE entry_id = ANY ($1) "
    "ORDER BY epoch DESC, position"
)


async def together(
    connection: AsyncConnection, entries: Sequence[UUID], quorum: int
) -> Together | None:
    """All of them under the first (final, or else any) checkpoint that covers them all.

    None while one waits. Raises LookupError when a later epoch does not tell all of them.
    """
    rows: list[Any] = list((await connection.exec_driver_sql(_PLACES, (list(entries),))).all())
    places = {row.entry_id: row.position for row in rows if row.epoch == rows[0].epoch}
    if len(places) < len(entries):
        if len({row.entry_id for row in rows}) == len(entries):
            raise LookupError("the log was opened anew while the case went on")
        return None
    last = Place(rows[0].epoch, max(places.values()))
    final = await checkpoints.final_covering(connection, last, quorum)
    signed = final or await checkpoints.covering(connection, last)
    if signed is None:
        return None
    size = signed.checkpoint.size
    ranges = {one: merkle.inclusion_path(index, size) for one, index in places.items()}
    hashes = await checkpoints.hashes_of(connection, last.epoch, chain(*ranges.values()))
    found = iter(hashes)
    proved = {one: (places[one], tuple(islice(found, len(of)))) for one, of in ranges.items()}
    return Together(signed, final is not None, proved)


def written(header: str, found: Placed) -> str:
    """The receipt as text; ``header``: of the entry."""
    lines = [FORM, f"extra {base64.b64encode(header.encode()).decode()}"]
    lines += [f"index {found.place.index}", *as_text(found.path)]
    return "\n".join(lines) + "\n\n" + found.signed.note


def as_text(hashes: Sequence[bytes]) -> list[str]:
    """Hashes as text."""
    return [base64.b64encode(one).decode() for one in hashes]
