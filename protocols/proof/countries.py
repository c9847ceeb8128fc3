"""The proofs of whole countries: every version of every track, and what overrides make of it.

Tracks are proved beside each other, one processor each; the answer is the same in any order.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor

from protocols.catalogue import standing_on
from protocols.law import Stage
from protocols.proof import totality
from protocols.proof.findings import Finding
from protocols.proof.track import Proof, prove
from protocols.protocol import Protocol
from protocols.shelves import Shelf

# What the workers prove: they are copies of this process, and a protocol cannot be sent to them.
_WORK: list[tuple[Protocol, Shelf, str]] = []


def prove_all(
    shelves: Mapping[str, Shelf], processes: int | None = None
) -> dict[str, tuple[Proof, ...]]:
    """The proofs of each country, in the order of its versions. ``processes``: all if not given."""
    work = [
        (protocol, shelf, place)
        for _, shelf in sorted(shelves.items())
        for version in shelf.versions
        if version.stage is not Stage.SUPERSEDED  # nobody comes under it any more
        for place, protocol in _distinct(version)
    ]
    _WORK[:] = work
    count = min(len(work), processes or len(os.sched_getaffinity(0)))
    if count > 1:
        with ProcessPoolExecutor(count, multiprocessing.get_context("fork")) as pool:
            proofs = list(pool.map(_proved, _longest_first(work)))
        proofs = [proofs[_longest_first(work).index(place)] for place in range(len(work))]
    else:
        proofs = [_proved(place) for place in range(len(work))]
    found: dict[str, tuple[Proof, ...]] = dict.fromkeys(shelves, ())
    for (protocol, _, _), proof in zip(work, proofs, strict=True):
        found[protocol.country] = (*found[protocol.country], proof)
    return found


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


def _longest_first(work: list[tuple[Protocol, Shelf, str]]) -> list[int]:
    """What takes longest begins first, so that no processor waits at the end."""
    return sorted(range(len(work)), key=lambda place: -len(work[place][0].clocks))


def _proved(place: int) -> Proof:
    protocol, shelf, where = _WORK[place]
    return prove(protocol, shelf.vocabulary, where)
