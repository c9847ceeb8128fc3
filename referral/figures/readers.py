"""Who reads releases, and what she puts together.

Two readers stand for all. One has this release and nothing else. The other **compares**: she has
all earlier ones of the year and its quarters as well. Of each number that was told before she knows
whether it is what it was; of those left out she takes it that as few have changed as can be
(``origins``). What has in truth changed among them no document says.

From neither may anything left out be found. But what earlier releases have told cannot be taken
back: whoever compares may rule out of a number what they rule out by themselves, and no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from referral.figures.past import Past
from referral.figures.puzzle import BREADTH, Equation, Puzzle, Unknown, above
from referral.figures.quantities import Key, Quantities
from referral.figures.shown import Form, Span, shown_as


@dataclass(frozen=True, slots=True)
class Readers:
    """They who have these numbers before them, each shown in some form.

    ``left``: how many values earlier releases by themselves leave of numbers, where not ten.
    """

    numbers: Quantities
    past: Past
    forms: Mapping[Key, Form]
    left: Mapping[Key, int] = field(default_factory=dict)

    def puzzles(self) -> Iterator[Puzzle]:
        """Of whoever compares first: what she cannot rule out, nobody can who knows less."""
        if self.past.told:
            yield self.puzzle(comparing=True)
        yield self.puzzle(comparing=False)

    def unknown(self, key: Key, *, comparing: bool) -> Unknown:
        """What is known of a number that is not shown as it is.

        Where one is left out somebody is, or was when it was left out first.
        """
        count, form = self.numbers.people[key], self.forms[key]
        least, most = shown_as(count, form).span(least=int(key not in self.past.inexact))
        values = BREADTH if form is Form.HIDDEN else 0
        if key in self.numbers.unlisted:
            least, bound = self.numbers.unlisted[key]
            most = most if bound is None else bound
        if comparing:
            told = self.past.still(key, count)
            least, most = max(least, told[0]), min(most, told[1])
            values = min(values, told[1] - told[0] + 1, self.left.get(key, BREADTH))
        return Unknown(least, min(most, above(count)), count, values)

    def before(self) -> Puzzle:
        """What whoever compares knew before this release: as if it told nothing but of nobody."""
        people = self.numbers.people
        forms = {key: Form.HIDDEN if people[key] else form for key, form in self.forms.items()}
        return replace(self, forms=forms).puzzle(comparing=True)

    def spans(self) -> dict[Key, Span]:
        """What whoever compares knows of each number by itself."""
        found = dict[Key, Span]()
        for key, count in self.numbers.people.items():
            if self.forms[key] is Form.EXACT:
                found[key] = count, count
            else:
                one = self.unknown(key, comparing=True)
                found[key] = one.least, one.most
        return found

    def puzzle(self, *, comparing: bool) -> Puzzle:
        """All that one of the two knows, as she would write it down."""
        people, puzzle = self.numbers.people, Puzzle()
        for key in sorted(people):
            if self.forms[key] is not Form.EXACT:
                puzzle.unknowns[key] = self.unknown(key, comparing=comparing)
        places = {key: i for i, key in enumerate(puzzle.unknowns)}
        for total, parts in self.numbers.sums:
            _equate(puzzle, people, places, _signed(total, parts))
        for memory in self.past.memories if comparing else ():
            for name, (least, most) in memory.unknown.items():
                then = memory.people[name]
                puzzle.unknowns[name] = Unknown(least, min(most, above(then)), then, values=0)
            places = {key: i for i, key in enumerate(puzzle.unknowns)}
            for total, parts in memory.lines:
                _equate(puzzle, memory.people, places, _signed(total, parts))
        return puzzle


def _equate(
    puzzle: Puzzle,
    people: Mapping[Key, int],
    places: Mapping[Key, int],
    line: Iterable[tuple[Key, int]],
) -> None:
    """What is unknown of a line makes what it makes; where nothing is, there is nothing to say."""
    unknown = [(key, sign) for key, sign in line if key in places]
    made = sum(sign * people[key] for key, sign in unknown)
    if unknown:
        terms = tuple((places[key], sign) for key, sign in unknown)
        puzzle.equations.append(Equation(terms, made))


def _signed(total: Key, parts: Sequence[Key]) -> Iterator[tuple[Key, int]]:
    """Total minus parts is nothing."""
    yield total, 1
    for part in parts:
        yield part, -1
