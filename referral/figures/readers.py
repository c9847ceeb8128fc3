"""Who reads releases, and what she puts together: this one, the earlier ones, quarters and years.

The worst of them knows of each number that was shown before and is left out or rounded now whether
it has changed; one that has not is no secret to her. Another takes it besides that nothing left
out has changed since. Where that cannot be so, she has learned that it cannot, and no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import reduce
from typing import Final

from referral.figures.puzzle import SMALL, Equation, Puzzle, Unknown, above
from referral.figures.quantities import Key, Quantities

ROUNDED_TO: Final = 10  # D6


class Form(StrEnum):
    """How a number is shown; the letters are those of the published flag."""

    EXACT = ""
    ROUNDED = "r"
    HIDDEN = "c"


@dataclass(frozen=True, slots=True)
class Shown:
    """One number as published: people (None when left out) and its flag."""

    form: Form
    people: int | None


Release = Mapping[Key, Shown]


@dataclass(frozen=True, slots=True)
class Past:
    """What earlier releases of the year tell. ``shown``: all counts a number was ever shown with.

    A year whose four quarters were shown is known as well, though it never stood anywhere.
    ``hidden``: what was left out in any of them.
    """

    releases: Sequence[Release] = ()
    shown: Mapping[Key, frozenset[int]] = field(default_factory=dict)
    hidden: frozenset[Key] = frozenset()

    def known(self, key: Key, count: int) -> bool:
        """Whether it was shown as what it still is."""
        return count in self.shown.get(key, ())

    def told_apart(self, key: Key, count: int) -> bool:
        """Left out before, or shown (or computed) before and changed by 1 to 10 people (D8)."""
        return key in self.hidden or self.changed(key, count)

    def changed(self, key: Key, count: int) -> bool:
        """Shown (or computed) before, and changed by 1 to 10 people."""
        return any(0 < abs(count - before) <= SMALL for before in self.shown.get(key, ()))


def past(numbers: Quantities, earlier: Sequence[Release]) -> Past:
    """Of these releases, oldest first; of whole years and of quarters of it."""
    shown: dict[Key, set[int]] = {}
    hidden = set[Key]()
    for release in earlier:
        for key, one in release.items():
            if one.form is Form.EXACT:
                shown.setdefault(key, set()).add(one.people or 0)
            elif one.form is Form.HIDDEN:
                hidden.add(key)
    for total, parts in numbers.sums:
        if total[0] != parts[0][0] and all(part in shown for part in parts):
            sums = reduce(_each_with_each, (shown[part] for part in parts))
            shown.setdefault(total, set()).update(sums)
    return Past(earlier, {key: frozenset(some) for key, some in shown.items()}, frozenset(hidden))


def _each_with_each(one: set[int], other: set[int]) -> set[int]:
    return {a + b for a in one for b in other}


@dataclass(frozen=True, slots=True)
class Readers:
    """They who have these numbers before them, each shown in some form."""

    numbers: Quantities
    past: Past
    forms: Mapping[Key, Form]

    def puzzles(self) -> Iterator[tuple[str, bool, Puzzle]]:
        """Each with its name, the same from round to round, and whether the reader knows changes.

        Whoever has this release alone may not find anything left out. Whoever has earlier ones
        besides may not find few people; of many, left out for others, there is nothing to keep
        from her. Where "all" can be, nobody need ask who puts only one earlier release beside it.
        """
        each = self.past.releases
        yield "alone", False, self._alone(knowing=False)
        if each:
            yield "alone", True, self._alone(knowing=True)
        for knowing in (True, False) if each else ():
            yield "all", knowing, self._beside(each, knowing=knowing)
        for number, one in enumerate(each if len(each) > 1 else ()):
            yield str(number), False, self._beside([one], knowing=False)

    def unknown(self, key: Key, *, knowing: bool) -> Unknown:
        """What is known of a number that is not shown as it is."""
        count = self.numbers.people[key]
        if knowing and self.past.known(key, count):
            return Unknown(count, count, count, guarded=False)
        if self.forms[key] is Form.ROUNDED:
            return _rounded(count // ROUNDED_TO * ROUNDED_TO, count)
        if key in self.numbers.unlisted:
            least, most = self.numbers.unlisted[key]
            return Unknown(least, above(count) if most is None else most, count, guarded=True)
        few = count <= SMALL or self.past.changed(key, count)
        # What was left out once stays so, also when nobody is in it any more: then it may be 0.
        least = 0 if self.past.releases else 1
        return Unknown(least, above(count), count, guarded=few or not knowing)

    def _alone(self, *, knowing: bool) -> Puzzle:
        people, puzzle = self.numbers.people, Puzzle()
        for key in sorted(people):
            if self.forms[key] is not Form.EXACT:
                puzzle.unknowns[key] = self.unknown(key, knowing=knowing)
        places = {key: i for i, key in enumerate(puzzle.unknowns)}
        for total, parts in self.numbers.sums:
            known = {key: people[key] for key in (total, *parts) if key not in places}
            _equate(puzzle, places, known, total, parts)
        return puzzle

    def _beside(self, releases: Sequence[Release], *, knowing: bool) -> Puzzle:
        puzzle = self._alone(knowing=knowing)
        told = {k for one in releases for k, was in one.items() if was.form is not Form.HIDDEN}
        for key, one in puzzle.unknowns.items():
            # Of one that was told she only finds what it was: nothing has changed, she thinks.
            few = key in self.numbers.unlisted or one.truth <= SMALL
            guarded = one.guarded and few and key not in told
            puzzle.unknowns[key] = replace(one, guarded=guarded)
        for number, release in enumerate(releases):
            self._remember(puzzle, release, str(number))
        return puzzle

    def _remember(self, puzzle: Puzzle, release: Release, number: str) -> None:
        """An earlier release, for whoever thinks that nothing left out has changed since."""
        names: dict[Key, Key] = {}
        for key, shown in release.items():
            if shown.form is Form.ROUNDED:
                names[key] = (("earlier", number), *key)
                least = shown.people or 0
                puzzle.unknowns[names[key]] = _rounded(least, max(least, SMALL + 1))
            elif shown.form is Form.HIDDEN:
                names[key] = key
        places = {key: i for i, key in enumerate(puzzle.unknowns)}
        before = {key: places[name] for key, name in names.items() if name in places}
        exact = {k: shown.people or 0 for k, shown in release.items() if shown.form is Form.EXACT}
        for total, parts in self.numbers.sums:
            if all(key in exact or key in before for key in (total, *parts)):
                _equate(puzzle, before, exact, total, parts)


def _rounded(least: int, truth: int) -> Unknown:
    """Known to within ten, and not to be a small one: that would not be shown."""
    return Unknown(max(least, SMALL + 1), least + ROUNDED_TO - 1, truth, guarded=False)


def _equate(
    puzzle: Puzzle,
    places: Mapping[Key, int],
    known: Mapping[Key, int],
    total: Key,
    parts: Iterable[Key],
) -> None:
    """Total minus parts is nothing; of a line that is known whole there is nothing to say."""
    terms = [(places[key], -1) for key in parts if key in places]
    terms += [(places[total], 1)] if total in places else []
    equals = sum(known.get(key, 0) for key in parts) - known.get(total, 0)
    if terms:
        puzzle.equations.append(Equation(tuple(terms), equals))
