"""Where each box of a column stands: as near to the height of its neighbours as room allows.

Boxes keep their order and a distance; within that each is drawn to the middle of what it is linked
to. Knows heights and ports, no content.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from protocols.diagram.layers import Columns

_ROUNDS = 32
LANE = 10.0  # height of a lane
_BETWEEN = 4.0  # lanes lie close together
_STRAIGHT = 8.0  # how much more a lane is drawn to the next lane than a box to a box
_LOOSE = 0.001  # what is linked to nothing moves up, and moves nothing


def tops_of(
    columns: Columns,
    heights: Mapping[str, float],
    leaves: Callable[[str, str], float],
    enters: Callable[[str], float],
    gap: float,
) -> dict[str, float]:
    """The upper edge of every box and lane.

    ``leaves``: how far below its upper edge a port lies; ``enters``: where an arrow arrives.
    """
    tall = {
        name: heights[name] + gap if name in heights else LANE + _BETWEEN
        for column in columns.columns
        for name in column
    }
    tops = _stacked(columns.columns, tall)
    pulls = _pulls(columns, leaves, enters)
    for turn in range(_ROUNDS):
        order = columns.columns if turn % 2 == 0 else tuple(reversed(columns.columns))
        for column in order:
            wanted = [_wanted(tops, pulls.get(name, ())) for name in column]
            tops.update(zip(column, _apart(column, wanted, tall), strict=True))
    lowest = min(tops.values())
    return {name: top - lowest for name, top in tops.items()}


def _stacked(columns: Sequence[Sequence[str]], tall: Mapping[str, float]) -> dict[str, float]:
    tops: dict[str, float] = {}
    for column in columns:
        top = 0.0
        for name in column:
            tops[name] = top
            top += tall[name]
    return tops


_Pull = tuple[str, float, float]
"""(neighbour, how far below its upper edge one must look from here, weight)"""


def _pulls(
    columns: Columns, leaves: Callable[[str, str], float], enters: Callable[[str], float]
) -> Mapping[str, Sequence[_Pull]]:
    pulls: dict[str, list[_Pull]] = {}
    for link, lanes in columns.lanes.items():
        ends = [
            (link.source, leaves(link.source, link.port)),
            *((lane, LANE / 2) for lane in lanes),
            (link.target, enters(link.target)),
        ]
        for (one, at), (other, there) in pairwise(ends):
            weight = _STRAIGHT if one in lanes and other in lanes else 1.0
            pulls.setdefault(one, []).append((other, there - at, weight))
            pulls.setdefault(other, []).append((one, at - there, weight))
    return pulls


def _wanted(tops: Mapping[str, float], pulls: Sequence[_Pull]) -> tuple[float, float]:
    """The upper edge that suits the neighbours, and how much it matters."""
    if not pulls:
        return 0.0, _LOOSE
    whole = sum(weight for _, _, weight in pulls)
    return sum((tops[other] + shift) * weight for other, shift, weight in pulls) / whole, whole


def _apart(
    column: Sequence[str],
    wanted: Sequence[tuple[float, float]],
    tall: Mapping[str, float],
) -> list[float]:
    """As near to what is wanted as their order and distance allow (least squares)."""
    offsets, offset = [], 0.0
    for name in column:
        offsets.append(offset)
        offset += tall[name]
    blocks: list[tuple[float, float, int]] = []  # (mean of what is wanted, weight, how many)
    for (want, weight), shift in zip(wanted, offsets, strict=True):
        mean, whole, count = want - shift, weight, 1
        while blocks and blocks[-1][0] > mean:
            before, heavy, many = blocks.pop()
            mean = (before * heavy + mean * whole) / (heavy + whole)
            whole, count = heavy + whole, many + count
        blocks.append((mean, whole, count))
    bases = [mean for mean, _, count in blocks for _ in range(count)]
    return [base + shift for base, shift in zip(bases, offsets, strict=True)]
