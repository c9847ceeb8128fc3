"""Charts as geometry: what a template draws as SVG. It knows numbers, and no figure of ours.

Pixels; the origin is the upper left corner. Colours are classes of the style sheet, because no page
may carry styles of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 640
HEIGHT: Final = 260
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 12, 36
_ROOM: Final = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM)
NARROW: Final = 320  # for two or three marks, so that the table has room beside them
_MOST_LABELS: Final = 8

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line through points."""

    kind: str
    points: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, and what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    words: str


@dataclass(frozen=True, slots=True)
class Dot:
    """One mark, and what it says when pointed at."""

    x: float
    y: float
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A number on an axis."""

    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One drawing with its axes; ``words``: what it shows, for who does not see it."""

    words: str
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    strokes: tuple[Stroke, ...] = ()
    bars: tuple[Bar, ...] = ()
    dots: tuple[Dot, ...] = ()
    width: int = WIDTH


@dataclass(frozen=True, slots=True)
class Plane:
    """Where values lie: from 0 to ``right`` across, from 0 to ``top`` up."""

    right: float
    top: float
    width: int = WIDTH

    def at(self, x: float, y: float) -> Point:
        """A value's pixels."""
        across = LEFT + (self.width - LEFT - RIGHT) * x / (self.right or 1)
        return round(across, 1), round(TOP + _ROOM[1] * (1 - y / (self.top or 1)), 1)

    def stroke(self, kind: str, values: Iterable[Point]) -> Stroke:
        """A line through values."""
        pixels = (self.at(x, y) for x, y in values)
        return Stroke(kind, " ".join(f"{x:g},{y:g}" for x, y in pixels))

    def dot(self, kind: str, value: Point, words: str) -> Dot:
        """A mark at a value."""
        return Dot(*self.at(*value), kind, words)

    def across(self, told: Iterable[tuple[float, str]]) -> tuple[Tick, ...]:
        """Numbers below."""
        return tuple(Tick(self.at(value, 0)[0], words) for value, words in told)

    def up(self, told: Iterable[tuple[float, str]]) -> tuple[Tick, ...]:
        """Numbers at the left."""
        return tuple(Tick(self.at(0, value)[1], words) for value, words in told)


SHARES: Final = tuple((share / 4, f"{share * 25} %") for share in range(5))


def falling(points: Sequence[Point], right: float) -> list[Point]:
    """A step function as corners: each share holds until the next point."""
    found: list[Point] = []
    for x, y in points:
        if found:
            found.append((x, found[-1][1]))
        found.append((x, y))
    return [*found, (right, found[-1][1])] if found else []


def bars(words: str, values: Sequence[tuple[str, int | None, str]]) -> Chart:
    """One bar for each: its label, its number (None: hidden, no bar), what it says."""
    top = max([number or 0 for _, number, _ in values] + [1])
    plane, wide = Plane(len(values), top), _ROOM[0] / max(len(values), 1)
    drawn = []
    for place, (_, number, told) in enumerate(values):
        x, y = plane.at(place, number or 0)
        floor = plane.at(0, 0)[1]
        drawn.append(
            Bar(round(x + wide * 0.1, 1), y, round(wide * 0.8, 1), round(floor - y, 1), told)
        )
    every = -(-len(values) // _MOST_LABELS) or 1
    labels = [(place + 0.5, name) for place, (name, *_) in enumerate(values) if place % every == 0]
    halves = sorted({0, top // 2, top})
    return Chart(
        words, plane.across(labels), plane.up((one, str(one)) for one in halves), (), tuple(drawn)
    )
