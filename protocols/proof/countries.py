"""The proofs of whole countries: every version of every track, and what overrides make of it.

Tracks are proved beside each other, one processor each; the answer is the same in any order.
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
from protocols.proof.automaton import Automaton
from protocols.proof.findings import Finding
from protocols.proof.track import Proof, prove
from protocols.protocol import Protocol
from protocols.shelves import Shelf

# What the workers prove: they are copies of this process, and a protocol cannot be sent to them.
_WORK: list[tuple[Protocol, Shelf]] = []


def prove_all(
    shelves: Mapping[str, Shelf], processes: int | None = None
) -> dict[str, tuple[Proof, ...]]:
    """The proofs of each country, in the order of its versions. ``processes``: all if not given."""
    work = [
        (version, shelf)
        for _, shelf in sorted(shelves.items())
        for version in shelf.versions
        if version.stage is not Stage.SUPERSEDED  # nobody comes under it any more
    ]
    _WORK[:] = work
    count = min(len(work), processes or len(os.sched_getaffinity(0)))
    order = _longest_first(work)
    if count > 1:
        with ProcessPoolExecutor(count, multiprocessing.get_context("fork")) as pool:
            proofs = dict(zip(order, pool.map(_proved, order), strict=True))
    else:
        proofs = {place: _proved(place) for place in order}
    found: dict[str, tuple[Proof, ...]] = dict.fromkeys(shelves, ())
    for place, (version, _) in enumerate(work):
        found[version.country] = (*found[version.country], *proofs[place])
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


def _longest_first(work: list[tuple[Protocol, Shelf]]) -> list[int]:
    """What takes longest begins first, so that no processor waits at the end."""
    return sorted(range(len(work)), key=lambda place: -len(work[place][0].clocks))


def _proved(work: int) -> tuple[Proof, ...]:
    """The proofs of one version: the track's, and of each distinct set of overrides."""
    version, shelf = _WORK[work]
    known: dict[str, list[Automaton]] = {}
    collects = gc.isenabled()
    gc.disable()  # nothing of what is made here refers to itself: looking for it only takes time
    try:
        return tuple(
            prove(protocol, shelf.vocabulary, place, known=known)
            for place, protocol in _distinct(version)
        )
    finally:
        (gc.enable if collects else gc.disable)()
