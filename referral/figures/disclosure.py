"""Which numbers of a release are shown, rounded or left out (standards 6.3, D4 to D9).

1. D4: 1 to 10 people are never shown; nobody (0) may be.
2. D5: one number left out of a line is given away by the rest: the next smallest goes too.
3. D6: totals that include a number left out are rounded down to a multiple of 10.
4. D8: all tables, the year and its quarters, the country and its places, and what was released
   earlier of the same year or a quarter of it are one puzzle; whatever a reader could still work
   out of it takes another number away, until she learns nothing that D4 does not tell her.
5. A number released earlier that has changed by 1 to 10 people is left out of the correction, and
   what was left out once stays so. So with a year beside the sum of its quarters.
6. What is not proved safe within the effort allowed is not shown: whole crossings go, those with a
   number in doubt; where that does not do either, there is no release (``UnprovedError``).

The order is fixed, and effort is counted and not timed, so that the same counts make the same
release, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from referral.figures.comparison import told_together
from referral.figures.effort import Effort
from referral.figures.inference import Verdict, left, unprotected
from referral.figures.loosening import Loosening, Room
from referral.figures.past import Past, past
from referral.figures.puzzle import BREADTH, SMALL
from referral.figures.quantities import Key, Quantities
from referral.figures.readers import Readers
from referral.figures.shown import ROUNDED_TO, Form, Release, Shown, shown_as
from referral.figures.witnesses import Seen

DENOMINATOR: Final = 30  # D9
EFFORT: Final = 300_000  # steps of the solver

Crossing = tuple[str, ...]  # what a number tells people apart by, besides the period


class UnprovedError(Exception):
    """No release of these numbers could be proved safe within the effort allowed."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The numbers of a release; ``given_up``: crossings left out whole, for want of a proof."""

    numbers: Mapping[Key, Shown]
    given_up: tuple[Crossing, ...] = ()


@dataclass(slots=True)
class Control:
    """Disclosure control at work on one set of numbers. ``hidden`` only ever grows."""

    numbers: Quantities
    past: Past
    effort: Effort
    hidden: set[Key] = field(default_factory=set)
    left: dict[Key, int] = field(default_factory=dict)  # by earlier releases, of what was in doubt
    seen: tuple[Seen, Seen] = field(default_factory=lambda: ({}, {}))  # over all rounds, by reader

    def hide(self, key: Key) -> None:
        """Leave a number out, and totals over it that would be rounded to 10 or to nobody."""
        if key not in self.hidden:
            self.hidden.add(key)
            for total in self._totals_of(key):
                if self.numbers.people[total] < SMALL + ROUNDED_TO:
                    self.hide(total)

    def hide_all(self, keys: Iterable[Key]) -> None:
        """Leave all of these out."""
        for key in sorted(keys):
            self.hide(key)

    def readers(self) -> Readers:
        """Who reads what is shown by now."""
        return Readers(self.numbers, self.past, self.forms(), self.left)

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


def settled(
    numbers: Quantities, earlier: Sequence[Release] = (), effort: Effort | None = None
) -> Settled:
    """The release of these numbers. ``earlier``: all of the year and its quarters, oldest first.

    ``effort``: half as much again may be spent on what is given up. Raises UnprovedError.
    """
    effort = effort or Effort(EFFORT)
    more = effort.left // 2
    control = Control(numbers, past(numbers, earlier, effort), effort)
    for key in sorted(numbers.people):
        count = numbers.people[key]
        small = key in numbers.unlisted or 0 < count <= SMALL
        if small or control.past.told_apart(key, count):
            control.hide(key)
    unproved, given_up = _controlled(control), set[Crossing]()
    effort.left += more if unproved else 0
    while unproved:
        gone = {_crossing(key) for key in unproved} - given_up
        if not gone:
            raise UnprovedError
        given_up |= gone
        for key in sorted(numbers.people):
            if _crossing(key) in gone and numbers.people[key]:
                control.hide(key)
        unproved = _controlled(control)
    forms = control.forms()
    listed = {key: n for key, n in numbers.people.items() if key not in numbers.unlisted}
    told = {key: shown_as(count, forms[key]) for key, count in listed.items()}
    return Settled(told, tuple(sorted(given_up)))


def _crossing(key: Key) -> Crossing:
    return tuple(name for name, _ in key[1:])


def _controlled(control: Control) -> Sequence[Key]:
    """Leave out until all is proved; what could not be proved, where that does not succeed."""
    while True:
        _complement(control)
        if more := told_together(control.readers()):
            control.hide_all(more)
            continue
        verdict = _judged(control)
        if not verdict.exposed and not verdict.doubtful:
            return ()
        if control.effort.spent:
            return (*verdict.exposed, *verdict.doubtful)
        more = _loosened(control, verdict.exposed)
        if not more and _told_by_the_past(control, verdict.exposed):
            continue
        more = more or _further_out(control, verdict.exposed)
        if not more:
            return (*verdict.exposed, *verdict.doubtful)
        control.hide_all(more)


def _told_by_the_past(control: Control, exposed: Sequence[Key]) -> bool:
    """Whether earlier releases by themselves leave less of a number; more cannot be asked of it."""
    asked = [key for key in exposed if key not in control.left]
    if not asked or not control.past.told:
        return False
    control.left.update(left(control.readers().before(), asked, control.seen[0], control.effort))
    return any(control.left[key] < BREADTH for key in asked)


def _judged(control: Control) -> Verdict:
    """What is not protected from the first reader who learns something; nobody asks the other."""
    verdict, possible = Verdict(), Seen()
    for puzzle, seen in zip(control.readers().puzzles(), control.seen, strict=False):
        _also(seen, possible)
        verdict = unprotected(puzzle, seen, control.effort)
        if verdict.exposed or verdict.doubtful:
            break
        possible = seen
    return verdict


def _also(seen: Seen, possible: Seen) -> None:
    """What she cannot rule out who knows more, she cannot either who knows less."""
    for key, (low, high) in possible.items():
        least, most = seen.get(key, (low, high))
        seen[key] = min(least, low), max(most, high)


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


def _loosened(control: Control, exposed: Sequence[Key]) -> set[Key]:
    """What must go besides: the least that lets each number that is not protected be another.

    For each of them the cheapest numbers to take away: few people go before many.
    """
    people, readers = dict(control.numbers.people), control.readers()
    chosen: set[Key] = set()
    rooms = {key: _room(readers, key) for key in people}
    somebody = {key: room for key, room in rooms.items() if people[key] or not room.shown}
    sums = list(control.numbers.sums)
    for memory in control.past.memories:
        for name, (least, most) in memory.unknown.items():
            people[name] = memory.people[name]
            somebody[name] = Room(least - people[name], most - people[name], shown=False)
        sums += memory.lines
    loosening = Loosening(somebody, people, sums, control.effort)
    for key in exposed:
        if key in somebody:
            chosen |= loosening.cheapest(key, chosen) - control.hidden
    return chosen


def _room(readers: Readers, key: Key) -> Room:
    """How far a number may be from the truth as it is shown, or not shown.

    What was shown before and has not changed is not unknown for being left out now.
    """
    count, form = readers.numbers.people[key], readers.forms[key]
    if form is Form.EXACT or readers.past.known(key, count):
        return Room(0, 0, shown=not readers.past.known(key, count))
    one = readers.unknown(key, comparing=True)
    return Room(one.least - count, one.most - count, shown=form is Form.ROUNDED)


def _further_out(control: Control, exposed: Sequence[Key]) -> set[Key]:
    """Where nothing is found that lets it be another: a number that stands in its lines."""
    for key in exposed:
        if found := _next(control, key):
            return found
    return set()


def _next(control: Control, key: Key) -> set[Key]:
    """The smallest number still shown in its lines, parts before totals; else in lines further out.

    Never one of nobody: where a number is left out somebody is, and a reader may rely on it. Nor
    one a reader knows from before.
    """
    people, numbers, reached = control.numbers.people, control.numbers, {key}
    outwards = [key]
    while outwards:
        lines = [numbers.sums[i] for one in outwards for i in numbers.around.get(one, ())]
        outwards = list({one: None for total, parts in lines for one in (total, *parts)})
        totals = {total for total, _ in lines}
        left = [one for one in outwards if people[one] and one not in control.hidden]
        if found := [one for one in left if not control.past.known(one, people[one])]:
            return {min(found, key=lambda one: (one in totals, people[one], one))}
        outwards = [one for one in outwards if one not in reached]
        reached.update(outwards)
    return set()


def share_of(part: Shown, whole: Shown) -> float | None:
    """Percent, one decimal, of two numbers shown exactly; None below a denominator of 30 (D9)."""
    if part.form is not Form.EXACT or whole.form is not Form.EXACT:
        return None
    if part.people is None or whole.people is None or whole.people < DENOMINATOR:
        return None
    return round(100 * part.people / whole.people, 1)
