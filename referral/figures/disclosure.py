"""Which numbers of a release are shown, rounded or left out (standards 6.3, D4 to D9).

1. D4: 1 to 10 people are never shown; nobody (0) may be.
2. D5: one number left out of a line is given away by the rest: the next smallest goes too.
3. D6: totals that include a number left out are rounded down to a multiple of 10.
4. D8: all tables, the year and its quarters, the country and its places, and what was released
   earlier of the same year are one puzzle; whatever a reader could still work out of it takes
   another number away, until she learns nothing that D4 does not tell her (``inference``).
5. A number released earlier that has changed by 1 to 10 people is left out of the correction, and
   what was left out once stays so.

The order is fixed, so that the same counts make the same release, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from referral.figures.inference import (
    SMALL,
    Equation,
    Puzzle,
    Seen,
    Unknown,
    above,
    possible,
    unprotected,
)
from referral.figures.loosening import Loosening, Room
from referral.figures.quantities import Key, Quantities

ROUNDED_TO: Final = 10  # D6
DENOMINATOR: Final = 30  # D9


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


@dataclass(slots=True)
class Control:
    """Disclosure control at work on one set of numbers. ``hidden`` only ever grows."""

    numbers: Quantities
    earlier: Sequence[Release] = ()
    hidden: set[Key] = field(default_factory=set)
    seen: dict[int, Seen] = field(default_factory=dict)  # by puzzle, from round to round

    def hide(self, key: Key) -> None:
        """Leave a number out, and totals over it that would be rounded to 10 or to nobody."""
        if key not in self.hidden:
            self.hidden.add(key)
            for total in self._totals_of(key):
                if self.numbers.people[total] < SMALL + ROUNDED_TO:
                    self.hide(total)

    def forms(self) -> dict[Key, Form]:
        """The form of every number; a total is rounded once anything below it is not exact (D6)."""
        found = dict.fromkeys(self.numbers.people, Form.EXACT)
        found.update(dict.fromkeys(self.hidden, Form.HIDDEN))
        rising = list(self.hidden)
        while rising:
            for total in self._totals_of(rising.pop()):
                if found[total] is Form.EXACT:
                    found[total] = Form.ROUNDED
                    rising.append(total)
        return found

    def _totals_of(self, key: Key) -> Iterator[Key]:
        for i in self.numbers.around.get(key, ()):
            total, parts = self.numbers.sums[i]
            if key in parts:
                yield total


def controlled(numbers: Quantities, earlier: Sequence[Release] = ()) -> dict[Key, Shown]:
    """The release of these numbers. ``earlier``: all releases of the same year, oldest first."""
    control = Control(numbers, earlier)
    for key in sorted(numbers.people):
        if (
            key in numbers.unlisted
            or 0 < numbers.people[key] <= SMALL
            or _told_apart(key, numbers, earlier)
        ):
            control.hide(key)
    _complement(control)
    while exposed := _exposed(control):
        for key in exposed:
            control.hide(key)
        _complement(control)
    forms = control.forms()
    listed = {key: n for key, n in numbers.people.items() if key not in numbers.unlisted}
    return {key: _shown(count, forms[key]) for key, count in listed.items()}


def _shown(count: int, form: Form) -> Shown:
    if form is Form.HIDDEN:
        return Shown(form, None)
    return Shown(form, count if form is Form.EXACT else count // ROUNDED_TO * ROUNDED_TO)


def _told_apart(key: Key, numbers: Quantities, earlier: Iterable[Release]) -> bool:
    """Left out before, or shown before and changed since by 1 to 10 people (D8)."""
    for release in earlier:
        before = release.get(key)
        if before is None:
            continue
        if before.form is Form.HIDDEN:
            return True
        changed = abs(numbers.people[key] - (before.people or 0))
        if before.form is Form.EXACT and 0 < changed <= SMALL:
            return True
    return False


def _complement(control: Control) -> None:
    """D5: as long as a line that adds up lacks exactly one number, its next smallest goes too."""
    people, changed = control.numbers.people, True
    while changed:
        changed = False
        for total, parts in control.numbers.sums:
            alone = [key for key in (total, *parts) if key in control.hidden]
            if len(alone) == 1 and (extra := _smallest(control, people, parts, total)):
                control.hide(extra)
                changed = True


def _smallest(
    control: Control, people: Mapping[Key, int], parts: Iterable[Key], total: Key
) -> Key | None:
    """The next smallest part that is not nobody; where there is none, the total itself."""
    left = [key for key in parts if people[key] and key not in control.hidden]
    if left:
        return min(left, key=lambda key: (people[key], key))
    return None if total in control.hidden else total


def _exposed(control: Control) -> set[Key]:
    """What must go besides: the least that lets each number that is not protected be another."""
    for number, puzzle in enumerate(_puzzles(control)):
        exposed = unprotected(puzzle, control.seen.setdefault(number, {}))
        if exposed:
            return _loosened(control, exposed)
    return set()


def _loosened(control: Control, exposed: Sequence[Key]) -> set[Key]:
    """For each of them the cheapest numbers to take away: few people go before many.

    Where even then nothing is found, all that stands in its lines, and further out if need be.
    """
    people, forms = control.numbers.people, control.forms()
    chosen: set[Key] = set()
    rooms = {key: _room(control, key, forms[key]) for key in people}
    somebody = {key: room for key, room in rooms.items() if people[key] or not room.shown}
    loosening = Loosening(somebody, people, control.numbers.sums)
    for key in exposed:
        found = loosening.cheapest(key, chosen) - control.hidden
        chosen |= found or (set() if chosen else _next(control, key))
    return chosen


def _room(control: Control, key: Key, form: Form) -> Room:
    """How far a number may be from the truth as it is shown, or not shown."""
    one = _unknown(control, key, form) if form is not Form.EXACT else None
    count = control.numbers.people[key]
    if one is None:
        return Room(0, 0, shown=True)
    return Room(one.least - count, one.most - count, shown=form is Form.ROUNDED)


def _next(control: Control, key: Key) -> set[Key]:
    """The smallest number still shown in its lines, parts before totals; else in lines further out.

    Never one of nobody: where a number is left out somebody is, and a reader may rely on it.
    """
    people, numbers, reached = control.numbers.people, control.numbers, {key}
    outwards = [key]
    while outwards:
        lines = [numbers.sums[i] for one in outwards for i in numbers.around.get(one, ())]
        outwards = list({one: None for total, parts in lines for one in (total, *parts)})
        totals = {total for total, _ in lines}
        if found := [one for one in outwards if people[one] and one not in control.hidden]:
            return {min(found, key=lambda one: (one in totals, people[one], one))}
        outwards = [one for one in outwards if one not in reached]
        reached.update(outwards)
    return set()


def _puzzles(control: Control) -> Iterator[Puzzle]:
    """What readers have before them: this release, and it beside each earlier one, and beside all.

    The latter for a reader who takes it that nothing left out has changed since. Where that cannot
    be so, she has learned that it cannot, and no more.
    """
    forms = control.forms()
    alone = _puzzle(control, forms)
    yield alone
    sets = [[one] for one in control.earlier]
    for some in [*sets, list(control.earlier)] if len(sets) > 1 else sets:
        beside = _puzzle(control, forms)
        for number, release in enumerate(some):
            _remember(control, beside, release, str(number))
        if possible(beside):
            yield beside


def _puzzle(control: Control, forms: Mapping[Key, Form]) -> Puzzle:
    puzzle = Puzzle()
    for key in sorted(control.numbers.people):
        if forms[key] is not Form.EXACT:
            puzzle.unknowns[key] = _unknown(control, key, forms[key])
    places = {key: i for i, key in enumerate(puzzle.unknowns)}
    for total, parts in control.numbers.sums:
        known = {k: control.numbers.people[k] for k in (total, *parts) if k not in places}
        _equate(puzzle, places, known, total, parts)
    return puzzle


def _unknown(control: Control, key: Key, form: Form) -> Unknown:
    count = control.numbers.people[key]
    if form is Form.ROUNDED:
        return _rounded(count // ROUNDED_TO * ROUNDED_TO, count)
    if key in control.numbers.unlisted:
        least, most = control.numbers.unlisted[key]
        return Unknown(least, above(count) if most is None else most, count, guarded=True)
    # What was left out once stays so, also when nobody is in it any more: then it may be 0.
    return Unknown(0 if control.earlier else 1, above(count), count, guarded=True)


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


def _remember(control: Control, puzzle: Puzzle, release: Release, number: str) -> None:
    """An earlier release of the same numbers, for whoever thinks nothing left out has changed."""
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
    for total, parts in control.numbers.sums:
        if all(key in exact or key in before for key in (total, *parts)):
            _equate(puzzle, before, exact, total, parts)


def share_of(part: Shown, whole: Shown) -> float | None:
    """Percent, one decimal, of two numbers shown exactly; None below a denominator of 30 (D9)."""
    if part.form is not Form.EXACT or whole.form is not Form.EXACT:
        return None
    if part.people is None or whole.people is None or whole.people < DENOMINATOR:
        return None
    return round(100 * part.people / whole.people, 1)
