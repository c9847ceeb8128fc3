"""What somebody who knows every published number, and the rules, can still not rule out.

Whoever reads a release knows the numbers shown, each total to within ten (D6), which parts add up
to which totals, that nobody is where a zero stands, and that somebody is where a number is left
out. A number left out is **protected** if at least ten values cannot be ruled out for it, as many
as D4 itself leaves (1 to 10): so nobody can pin it down, nor narrow it within 1 to 10.

What cannot be ruled out is shown by *witnesses*: whole tables of people, different from the truth,
that agree with all that is published (``witnesses``). A number counts as protected only if such
tables were found and checked; where the search gives up, it does not (an error here hides more,
never less).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Final

from referral.figures.effort import Effort
from referral.figures.puzzle import BREADTH, Puzzle
from referral.figures.quantities import Key
from referral.figures.witnesses import Seen, Witnesses

_REACH: Final = (60, 250)  # how many numbers around one are let move, if fewer do not do
_IDLE: Final = 3  # so many pushes of all at once that bring next to nothing
_FEW: Final = 8  # so many are better looked at one by one
_GAIN: Final = 0.98
_EXACT: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Verdict:
    """``exposed``: looked at and not protected. ``doubtful``: not looked at, effort is spent."""

    exposed: tuple[Key, ...] = ()
    doubtful: tuple[Key, ...] = ()


def unprotected(puzzle: Puzzle, seen: Seen, effort: Effort) -> Verdict:
    """Numbers of which a reader could learn more than D4 tells her, or it is not known.

    ``seen`` is added to.
    """
    search = Witnesses(puzzle, seen, effort)
    draw = Random(1)  # noqa: S311 - the same each time, and no secret
    _all_at_once(search, draw, effort)
    looked_at = [i for i in search.unsafe() if _looked_at(search, i, draw, effort)]
    search.keep()
    left = search.unsafe()
    exposed = [i for i in looked_at if i in left]
    return Verdict(
        tuple(sorted(search.keys[i] for i in exposed)),
        tuple(sorted(search.keys[i] for i in left if i not in exposed)),
    )


def left(puzzle: Puzzle, asked: Iterable[Key], seen: Seen, effort: Effort) -> dict[Key, int]:
    """How many values, of ten, cannot be ruled out for each of the numbers asked for."""
    search, draw = Witnesses(puzzle, dict(seen), effort), Random(1)  # noqa: S311 - as above
    places = {key: search.keys.index(key) for key in asked}
    for i in places.values():
        _looked_at(search, i, draw, effort)
    return {key: min(BREADTH, search.values(i)) for key, i in places.items()}


def _all_at_once(search: Witnesses, draw: Random, effort: Effort) -> None:
    idle, before = 0, len(search.unsafe())
    while before > _FEW and idle < _IDLE and not effort.spent:
        search.scatter(draw)
        left = len(search.unsafe())
        idle = 0 if left < before * _GAIN else idle + 1
        before = left


def _looked_at(search: Witnesses, i: int, draw: Random, effort: Effort) -> bool:
    """One number by itself; False: not to the end."""
    for sign in (1, -1):
        if not search.safe(i) and not effort.spent:
            search.push(i, sign, draw)
    if not search.safe(i) and not effort.spent and search.breadth(i) > BREADTH - 1 - _EXACT:
        for reach in _REACH:
            for sign in (1, -1):
                if not search.safe(i):
                    search.nearby(i, sign, reach)
    return search.safe(i) or not effort.spent
