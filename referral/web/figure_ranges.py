"""Numbers with their uncertainty, drawn: a mark, and a line over where the true value may lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from referral.web.drawing import NARROW, SHARES, Chart, Plane, Stroke, Tick
from referral.web.figure_words import seconds, share

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_STEPS: Final = (
    *(_MINUTE * many for many in (1, 5, 15, 30)),
    *(_HOUR * many for many in (1, 2, 4, 8, 12)),
    *(_DAY * many for many in (1, 2, 5, 10, 20, 50, 100, 500)),
)
_MOST_TICKS: Final = 5
_CAP: Final = 0.06  # half of the short line that ends an interval


@dataclass(frozen=True, slots=True)
class Range:
    """One mark: ``label`` below it, ``words`` when pointed at; ``high`` None: not reached."""

    label: str
    middle: float
    low: float
    high: float | None
    words: str


def shares(words: str, ranges: Sequence[Range | None]) -> tuple[Chart, ...]:
    """Shares from nothing to everything; None: hidden or nothing to show. No mark, no chart."""
    return _chart(words, ranges, Plane(len(ranges), 1, NARROW), SHARES)


def times(words: str, ranges: Sequence[Range | None]) -> tuple[Chart, ...]:
    """Times in seconds; the axis has whole minutes, hours or days."""
    top = max((one.high or one.middle for one in ranges if one is not None), default=0)
    step = next((one for one in _STEPS if one * _MOST_TICKS >= top), _STEPS[-1])
    count = max(1, -int(-top // step))
    ticks = tuple((step * part, seconds(step * part)) for part in range(count + 1))
    return _chart(words, ranges, Plane(len(ranges), step * count, NARROW), ticks)


def of_share(label: str, middle: float, low: float, high: float) -> Range:
    """A share and its interval."""
    return Range(
        label, middle, low, high, f"{label}: {share(middle)} ({share(low)} to {share(high)})"
    )


def of_time(label: str, median: float, low: float | None, high: float | None) -> Range:
    """A median and its interval."""
    told = f"{label}: {seconds(median)} ({seconds(low)} to {seconds(high)})"
    return Range(label, median, low or 0.0, high, told)


def _chart(
    words: str,
    ranges: Sequence[Range | None],
    plane: Plane,
    up: Sequence[tuple[float, str]],
) -> tuple[Chart, ...]:
    marks = [(at + 0.5, one) for at, one in enumerate(ranges) if one is not None]
    if not marks:
        return ()
    strokes = [stroke for at, one in marks for stroke in _strokes(plane, at, one)]
    dots = tuple(plane.dot("in", (at, one.middle), one.words) for at, one in marks)
    across: tuple[Tick, ...] = plane.across((at, one.label) for at, one in marks)
    return (Chart(words, across, plane.up(up), tuple(strokes), (), dots, NARROW),)


def _strokes(plane: Plane, at: float, one: Range) -> list[Stroke]:
    """The line has no end where none was reached."""
    ends = [one.low] if one.high is None else [one.low, one.high]
    line = plane.stroke("share", ((at, one.low), (at, plane.top if one.high is None else one.high)))
    return [
        line,
        *(plane.stroke("share", ((at - _CAP, end), (at + _CAP, end))) for end in ends),
    ]
