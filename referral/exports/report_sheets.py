"""What a printed report is made of: parts with what they say, sheets of words, and drawings.

Plain values, ready to be laid out; a drawing stands beside the sheet with the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from referral.exports.report_language import Tongue
from referral.figures import Curve, Figure

_QUARTERS: Final = 4
_MARKS: Final = 6  # at most, along an axis
_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR
# What axes count in.
_LENGTHS: Final = (
    *(_HOUR // 4, _HOUR, 2 * _HOUR, 4 * _HOUR, 6 * _HOUR, 12 * _HOUR),
    *(_DAY * days for days in (1, 2, 3, 5, 7, 14, 30, 60, 120, 365, 730, 3650)),
)
_COUNTS: Final = tuple(one * 10**power for power in range(9) for one in (1, 2, 5))


@dataclass(frozen=True, slots=True)
class Line:
    """One row; ``marks``: what has to be said beside it."""

    name: str
    cells: tuple[str, ...]
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table; ``nothing``: what is said where it has no row. ``title`` may be empty."""

    first: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    nothing: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its share of the height (None: hidden), its number, and what stands below."""

    height: float | None
    words: str
    below: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Bars, or a falling curve with its band; places are shares of width and height, from below.

    ``across`` and ``up``: where along an axis which words stand. ``told``: the same in a sentence,
    for who cannot see it.
    """

    told: str
    up: tuple[tuple[float, str], ...]
    across: tuple[tuple[float, str], ...] = ()
    bars: tuple[Bar, ...] = ()
    curve: tuple[tuple[float, float], ...] = ()
    band: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the report."""

    title: str
    sheets: tuple[Sheet, ...]
    notes: tuple[str, ...] = ()
    drawing: Drawing | None = None
    named: str = ""  # what the drawing shows


def bars(tongue: Tongue, series: Sequence[tuple[date, Figure]]) -> Drawing | None:
    """How many were asked for, month by month; None: nothing was, ever."""
    counts = [one.counts.asked for _, one in series]
    most = max((one for one in counts if one is not None), default=0)
    if not most:
        return None
    step = _step(most, _COUNTS)
    top = -(-most // step) * step
    drawn = tuple(
        Bar(None if count is None else count / top, tongue.number(count), tongue.short_month(month))
        for (month, _), count in zip(series, counts, strict=True)
    )
    up = tuple((at / top, tongue.number(at)) for at in range(0, top + 1, step))
    said = zip(series, drawn, strict=True)
    told = "; ".join(f"{tongue.month(month)}: {bar.words}" for (month, _), bar in said)
    return Drawing(told, up, bars=drawn)


def falling(tongue: Tongue, found: Curve) -> Drawing | None:
    """The curve of one measure as it falls, with its 95 % band; None: too few to draw."""
    last = found.points[-1].seconds if found.points else 0
    if not last:
        return None
    side = {
        name: _stairs([(one.seconds / last, getattr(one, name)) for one in found.points])
        for name in ("share", "low", "high")
    }
    up = tuple((at / _QUARTERS, tongue.share(at / _QUARTERS)) for at in range(_QUARTERS + 1))
    marks = range(0, int(last) + 1, _step(last, _LENGTHS))
    across = tuple((at / last, tongue.span(at)) for at in marks)
    told = tongue.say("notes", "curve")
    band = (*side["high"], *reversed(side["low"]))
    return Drawing(told, up, across, curve=tuple(side["share"]), band=band)


def _stairs(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """A step function: each share holds until the next point."""
    found: list[tuple[float, float]] = []
    for at, share in points:
        if found:
            found.append((at, found[-1][1]))
        found.append((at, share))
    return found


def _step(most: float, steps: Sequence[int]) -> int:
    """What an axis up to there counts in."""
    return next((one for one in steps if most / one <= _MARKS), steps[-1])
