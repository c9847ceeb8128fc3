"""The proofs of whole countries: every version of every track, and what overrides make of it.

Countries are proved beside each other, one processor each; what is explored of one track serves the
others of its country. The answer is the same in any order.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor

from protocols.catalogue import standing_on
from protocols.law import Stage
from protocols.proof import totality
from protocols.proof.findings import Finding
from protocols.proof.track import Proof, prove
from protocols.proof.twins import Known
from protocols.protocol import Protocol
from protocols.shelves import Shelf

# What the workers prove: they are copies of this process, and a protocol cannot be sent to them.
_WORK: dict[str, Shelf] = {}


def prove_all(
    shelves: Mapping[str, Shelf], processes: int | None = None
) -> dict[str, tuple[Proof, ...]]:
    """The proofs of each country, in the order of its versions. ``processes``: all if not given."""
    _WORK.clear()
    _WORK.update(shelves)
    count = min(len(shelves), processes or len(os.sched_getaffinity(0)))
    order = _longest_first(shelves)
    if count > 1:
        with ProcessPoolExecutor(count, multiprocessing.get_context("fork")) as pool:
            proofs = dict(zip(order, pool.map(_proved, order), strict=True))
    else:
        proofs = {country: _proved(country) for country in order}
    return {country: proofs[country] for country in shelves}


def nobody_is_left_out(shelf: Shelf) -> Iterator[Finding]:
    """L1 over the tracks of each day on which the law changes."""
    for day in sorted({version.in_force_from for version in shelf.versions}):
        tracks = standing_on(shelf.versions, day)
        if tracks:
            yield from totality.no_track_leaves_anybody_out(tracks)


def _distinct(version: Protocol) -> Iterator[tuple[str, Protocol]]:
    """The track as it stands, and each distinct set of overrides like a track of its own."""
    yield "", version
    seen: list[Protocol] = []
    for place, there in version.places.items():
        if not any(there is one for one in seen):
            seen.append(there)
            yield place, there


def _longest_first(shelves: Mapping[str, Shelf]) -> list[str]:
    """What takes longest begins first, so that no processor waits at the end."""

    def limits(country: str) -> int:
        return sum(len(version.clocks) for version in _standing(shelves[country]))

    return sorted(shelves, key=limits, reverse=True)


def _standing(shelf: Shelf) -> list[Protocol]:
    """Its versions; nobody comes any more under one that is superseded."""
    return [one for one in shelf.versions if one.stage is not Stage.SUPERSEDED]


def _proved(country: str) -> tuple[Proof, ...]:
    """The proofs of one country: of each version's track, and of each distinct set of overrides."""
    shelf = _WORK[country]
    known: Known = {}
    collects = gc.isenabled()
    gc.disable()  # nothing of what is made here refers to itself: looking for it only takes time
    try:
        return tuple(
            prove(protocol, shelf.vocabulary, place, known=known)
            for version in _standing(shelf)
            for place, protocol in _distinct(version)
        )
    finally:
        (gc.enable if collects else gc.disable)()
