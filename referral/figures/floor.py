"""The floor of counts for whoever works on none of the cases: D4 to D6 of standards 6.3, inside.

A count of 1 to 10 is hidden (None), and so is whatever would give it away: an estimate over so few,
a share one of whose sides is so small, and the next smallest number of a row or column that would
otherwise lack exactly one (D5). A total over hidden numbers is rounded down to tens (D6), and so is
every count of times and limits: they overlap with the states.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, Final

from referral.figures.figure import SMALL, Counts, Figure, Kept, Times

FLOOR: Final = 10
# What the hand-offs asked for add up from.
STATES: Final = ("waiting", "working", "declined", "completed", "failed", "cancelled")
_MARKS: Final = (
    *("attested", "unconfirmed", "returned", "asked_again", "no_contact", "errors", "imported"),
)

GONE: Final = Times(None, None, None, None)
NO_LIMITS: Final = Kept(None, None, None, None)
_NO_COUNTS: Final = Counts(*(None for _ in fields(Counts)))

Grid = list[list[int | None]]


def hidden(count: int | None) -> int | None:
    """A count under D4."""
    return None if count is None or 0 < count <= FLOOR else count


def tens(count: int | None) -> int | None:
    """A count under D4, and rounded down to tens (D6)."""
    seen = hidden(count)
    return None if seen is None else seen // FLOOR * FLOOR


def floored(groups: Sequence[Figure], total: Figure) -> tuple[tuple[Figure, ...], Figure]:
    """Figures and their total as somebody may see them who works on none of the cases."""
    seen = _complemented([_row(one.counts) for one in groups])
    counts = [_counts(one.counts, row) for one, row in zip(groups, seen, strict=True)]
    under = tuple(_under(one, told) for one, told in zip(groups, counts, strict=True))
    shown = [one.counts for one in under]
    whole = _counts(total.counts, _complemented([_row(total.counts)])[0])
    marks = {one.name: _total(one.name, shown, whole) for one in fields(whole)}
    return under, _under(total, Counts(**marks))


def floored_kept(kept: Kept) -> Kept:
    """Limits in tens; a share needs thirty decided ones (D9) and gives away neither side."""
    told = (kept.met or 0) + (kept.missed or 0)
    few = told < SMALL or None in {hidden(kept.met), hidden(kept.missed)}
    return Kept(
        begun=tens(kept.begun),
        met=tens(kept.met),
        missed=tens(kept.missed),
        running=tens(kept.running),
        share=None if few else kept.share,
    )


def _row(counts: Counts) -> list[int | None]:
    return [getattr(counts, name) for name in STATES]


def _complemented(rows: Sequence[Sequence[int | None]]) -> Grid:
    """D4, then D5 over rows and (where there are several) columns until nothing changes."""
    grid: Grid = [[hidden(count) for count in row] for row in rows]
    lines = [[(i, j) for j in range(len(STATES))] for i in range(len(rows))]
    if len(rows) > 1:
        lines += [[(i, j) for i in range(len(rows))] for j in range(len(STATES))]
    changed = True
    while changed:
        changed = False
        for line in lines:
            shown = [(grid[i][j], i, j) for i, j in line if grid[i][j]]
            if sum(grid[i][j] is None for i, j in line) == 1 and shown:
                _, i, j = min(shown, key=lambda one: (one[0] or 0, *one[1:]))
                grid[i][j] = None
                changed = True
    return grid


def _counts(told: Counts, states: Iterable[int | None]) -> Counts:
    found: dict[str, Any] = dict(zip(STATES, states, strict=True))
    asked = hidden(told.asked)
    if asked is not None and any(found[name] is None for name in STATES):
        asked = tens(asked)
    return Counts(asked=asked, **found, **{name: hidden(getattr(told, name)) for name in _MARKS})


def _total(name: str, parts: Iterable[Counts], whole: Counts) -> int | None:
    count: int | None = getattr(whole, name)
    some = any(getattr(one, name) is None for one in parts)
    return tens(count) if some else count


def _under(figure: Figure, counts: Counts) -> Figure:
    if hidden(figure.counts.asked) is None:
        return Figure(
            figure.group,
            _NO_COUNTS,
            dict.fromkeys(figure.times, GONE),
            *(NO_LIMITS, NO_LIMITS, figure.name),
            hidden=True,
        )
    times = {name: _times(one) for name, one in figure.times.items()}
    kept = (floored_kept(figure.legal), floored_kept(figure.proposed))
    return Figure(figure.group, counts, times, *kept, figure.name)


def _times(told: Times) -> Times:
    """How many stands in tens: beside the exact states it would say what those hide."""
    seen = GONE if hidden(told.finished) is None else told
    return Times(
        finished=tens(told.finished),
        open=tens(told.open),
        ended=tens(told.ended),
        errors=tens(told.errors),
        median=seen.median,
        low=seen.low,
        high=seen.high,
        ninth=seen.ninth,
        small=told.small,
    )
