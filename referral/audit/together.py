"""Many entries proved together, also when the log was opened anew while they were written.

Each is proved where it counts: in the newest epoch that tells it. An epoch before the newest is proved
under the checkpoint of it that was kept, which the entry that opened the next one names. Reads only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from referral.audit import checkpoints, merkle
from referral.audit.checkpoints import Epoch, Place, Signed


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry under a checkpoint; ``epoch``: which of those here, 0 for the newest."""

    epoch: int
    index: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was kept of an epoch, and the entry (header, place) that opened the next and says so."""

    signed: Signed
    opening: str
    shown: Shown


@dataclass(frozen=True, slots=True)
class Together:
    """Many entries, each one's place and proof. ``signed``: of the newest epoch they stand in."""

    signed: Signed
    final: bool
    earlier: tuple[Earlier, ...]  # the newer first
    proved: dict[UUID, Shown]


_PLACES: Final = """
SELECT DISTINCT ON (entry_id) entry_id, epoch, position FROM log.position
WHERE entry_id = ANY ($1) ORDER BY entry_id, epoch DESC
"""


async def together(
    connection: AsyncConnection, entries: Sequence[UUID], quorum: int
) -> Together | None:
    """All of them, those of the newest epoch under the first (final, or else any) checkpoint there.

    None while one waits: for its place, for a checkpoint, or to be told anew.
    """
    places = await _places(connection, entries)
    epochs = {epoch.number: epoch for epoch in await checkpoints.epochs(connection)}
    links = await _links(connection, epochs, {place.epoch for place in places.values()})
    if len(places) < len(entries) or None in links.values():
        return None
    opened = {epochs[number + 1]: place for number, place in links.items() if place}
    every = [*places.values(), *opened.values()]
    newest = max(place.epoch for place in every)
    last = Place(newest, max(place.index for place in every if place.epoch == newest))
    final = await checkpoints.final_covering(connection, last, quorum)
    signed = final or await checkpoints.covering(connection, last)
    kept = [
        await checkpoints.at_size(connection, number, epochs[number + 1].kept) for number in links
    ]
    under = {one.epoch: one for one in (signed, *kept) if one}
    if len(under) < 1 + len(links) or not all(_counts(place, epochs) for place in every):
        return None
    shown = await _shown(connection, [*under.values()], every)
    earlier = tuple(
        Earlier(under[epoch.number - 1], epoch.opening or "", shown[place])
        for epoch, place in opened.items()
    )
    proved = {one: shown[place] for one, place in places.items()}
    return Together(under[newest], final is not None, earlier, proved)


def _counts(place: Place, epochs: Mapping[int, Epoch]) -> bool:
    """Whether it was kept where it stands; else a later epoch is about to tell it anew."""
    following = epochs.get(place.epoch + 1)
    return following is None or place.index < following.kept


async def _places(connection: AsyncConnection, entries: Sequence[UUID]) -> dict[UUID, Place]:
    rows = (await connection.exec_driver_sql(_PLACES, (list(entries),))).all()
    return {row.entry_id: Place(row.epoch, row.position) for row in rows}


async def _links(
    connection: AsyncConnection, epochs: Mapping[int, Epoch], used: set[int]
) -> dict[int, Place | None]:
    """Of each epoch but the newest, the newer first: where it is told what was kept of it.

    That may be an epoch none of the entries is in, which has to be shown too then.
    """
    used, found = set(used), dict[int, Place | None]()
    for number in range(min(used, default=0), max(epochs, default=0)):  # what is added is newer
        if number in used and number < max(used):
            opening = epochs[number + 1].entry_id or UUID(int=0)
            place = found[number] = await checkpoints.place_of(connection, opening)
            used |= {place.epoch} if place else set()
    return dict(reversed(found.items()))


async def _shown(
    connection: AsyncConnection, under: Sequence[Signed], places: Sequence[Place]
) -> dict[Place, Shown]:
    """Each place with the hashes that prove it; one question an epoch."""
    found: dict[Place, Shown] = {}
    for number, signed in enumerate(under):
        mine = [place for place in places if place.epoch == signed.epoch]
        ranges = [merkle.inclusion_path(place.index, signed.checkpoint.size) for place in mine]
        hashes = iter(await checkpoints.hashes_of(connection, signed.epoch, chain(*ranges)))
        for place, of in zip(mine, ranges, strict=True):
            found[place] = Shown(number, place.index, tuple(islice(hashes, len(of))))
    return found
