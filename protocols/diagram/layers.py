"""Boxes in columns, so that arrows run from left to right and seldom cross.

The layered method (Sugiyama): circles are broken, every box stands right of what it follows, an
arrow that passes a column gets a lane in it, and columns are sorted until arrows cross little. The
same boxes and links always give the same columns. What is in a box is never known here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

_SWEEPS = 16
_FULL = 7  # boxes of a column; more are spread over the next where nothing follows them


@dataclass(frozen=True, slots=True)
class Link:
    """An arrow from a port of one box to another box."""

    source: str
    port: str
    target: str
    kind: str = "follows"


@dataclass(frozen=True, slots=True)
class Columns:
    """Each column from top to bottom; the lanes of each link, from its source to its target.

    ``back``: links that run from right to left, because something comes again.
    """

    columns: tuple[tuple[str, ...], ...]
    lanes: Mapping[Link, tuple[str, ...]]
    back: frozenset[Link]


def columns_of(names: Sequence[str], links: Sequence[Link]) -> Columns:
    """The columns of these boxes."""
    back = returning(names, links)
    forward = [_turned(link) if link in back else (link.source, link.target) for link in links]
    layer = _layers(names, forward)
    rows: list[list[str]] = [[] for _ in range(max(layer.values()) + 1)]
    for name in names:
        rows[layer[name]].append(name)
    lanes: dict[Link, tuple[str, ...]] = {}
    near: list[tuple[str, str]] = []
    for number, (link, (left, right)) in enumerate(zip(links, forward, strict=True)):
        between = range(layer[left] + 1, layer[right])
        passed = tuple(f"{number}>{at}" for at in between)
        for at, lane in zip(between, passed, strict=True):
            rows[at].append(lane)
        near += zip((left, *passed), (*passed, right), strict=True)
        lanes[link] = tuple(reversed(passed)) if link in back else passed
    return Columns(_sorted(rows, near), lanes, back)


def _turned(link: Link) -> tuple[str, str]:
    return link.target, link.source


def returning(names: Sequence[str], links: Sequence[Link]) -> frozenset[Link]:
    """The links that close a circle, found by walking from box to box in their order."""
    after: dict[str, list[Link]] = {name: [] for name in names}
    for link in links:
        after[link.source].append(link)
    done: set[str] = set()
    under_way: set[str] = set()
    back: set[Link] = set()

    def walk(name: str) -> None:
        under_way.add(name)
        for link in after[name]:
            if link.target in under_way:
                back.add(link)
            elif link.target not in done:
                walk(link.target)
        under_way.discard(name)
        done.add(name)

    for name in names:
        if name not in done:
            walk(name)
    return frozenset(back)


def _layers(names: Sequence[str], pairs: Iterable[tuple[str, str]]) -> dict[str, int]:
    """The longest way to each box; a box that follows nothing stands just before its first."""
    before: dict[str, list[str]] = {name: [] for name in names}
    after: dict[str, list[str]] = {name: [] for name in names}
    for left, right in pairs:
        if left != right:
            before[right].append(left)
            after[left].append(right)
    layer: dict[str, int] = {}

    def place(name: str) -> int:
        if name not in layer:
            layer[name] = max((place(left) + 1 for left in before[name]), default=0)
        return layer[name]

    for name in names:
        place(name)
    for name in names:
        if not before[name] and after[name]:
            layer[name] = min(layer[right] for right in after[name]) - 1
    _spread(layer, [name for name in names if before[name] and not after[name]])
    return layer


def _spread(layer: dict[str, int], last: Sequence[str]) -> None:
    """Boxes nothing follows move on while their column is full and the next one is not.

    The later ones of the file move first: the beginning of the procedure stays at the left.
    """
    count = Counter(layer.values())
    for at in range(max(layer.values()) + 1):
        for name in reversed(last):
            if layer[name] == at and count[at] > max(_FULL, count[at + 1]):
                layer[name] = at + 1
                count[at] -= 1
                count[at + 1] += 1


def _sorted(rows: list[list[str]], near: Iterable[tuple[str, str]]) -> tuple[tuple[str, ...], ...]:
    """Each column by the middle of its neighbours, to and fro; the order with fewest crossings."""
    left: dict[str, list[str]] = {}
    right: dict[str, list[str]] = {}
    for one, other in near:
        right.setdefault(one, []).append(other)
        left.setdefault(other, []).append(one)
    best, fewest = [list(row) for row in rows], _crossings(rows, right)
    for sweep in range(_SWEEPS):
        onward = sweep % 2 == 0
        inner = range(1, len(rows)) if onward else range(len(rows) - 2, -1, -1)
        for at in inner:
            _settle(rows[at], rows[at - 1 if onward else at + 1], left if onward else right)
        crossings = _crossings(rows, right)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return tuple(tuple(row) for row in best)


def _settle(row: list[str], beside: Sequence[str], near: Mapping[str, Sequence[str]]) -> None:
    height = {name: at / max(1, len(beside) - 1) for at, name in enumerate(beside)}
    own = {name: at / max(1, len(row) - 1) for at, name in enumerate(row)}

    def middle(name: str) -> float:
        found = [height[one] for one in near.get(name, ()) if one in height]
        return sum(found) / len(found) if found else own[name]

    row.sort(key=middle)


def _crossings(rows: Sequence[Sequence[str]], right: Mapping[str, Sequence[str]]) -> int:
    count = 0
    for row, beside in pairwise(rows):
        height = {name: at for at, name in enumerate(beside)}
        ends = [sorted(height[one] for one in right.get(name, ()) if one in height) for name in row]
        for at, mine in enumerate(ends):
            for others in ends[at + 1 :]:
                count += sum(other < one for one in mine for other in others)
    return count
