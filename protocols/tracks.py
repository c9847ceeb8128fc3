"""Under which tracks a person comes: the first question of every filing.

Reads the tracks' own conditions and nothing else; what is opened then is the engine's business.
"""

from __future__ import annotations

from collections.abc import Iterable

from protocols.conditions import RANKS, World
from protocols.protocol import Protocol


def applying(
    tracks: Iterable[Protocol], world: World, *, running: frozenset[str] = frozenset()
) -> tuple[tuple[Protocol, bool], ...]:
    """Which tracks a person comes under, the leading one first, and whether only for triage.

    Where screening leaves a track open, the reported topic brings her into its triage; where
    nothing at all brings her anywhere and not every result says "not indicated", the country's
    default track does. ``running``: tracks she is already under, which are not opened twice.
    """
    others = tuple(track for track in tracks if track.track not in running)
    found = [(track, track.applies.when.holds(world)) for track in others]
    sure = [(track, False) for track, holds in found if holds]
    asked = [
        (track, True)
        for track, holds in found
        if holds is None and world.reported in track.applies.reported
    ]
    if not sure and not asked and not running and not _clear(world):
        asked = [(track, True) for track in others if track.applies.default]
    return tuple(
        sorted((*sure, *asked), key=lambda one: (one[1], one[0].applies.rank, one[0].track))
    )


def _clear(world: World) -> bool:
    """Everything was screened and nothing is indicated: advice is enough."""
    return bool(world.results) and all(RANKS.get(result) == 0 for result in world.results.values())
