"""Who reads releases, and what she puts together.

Two readers stand for all. One has this release and nothing else. The other **compares**: she has
all earlier ones of the year and its quarters as well, and takes from them whatever is still true,
as if she had guessed right each time which numbers have changed since. Nobody who compares knows
more, whatever she takes to be unchanged: unless she is wrong, and then she has learned nothing.

From neither may anything left out be found. But what earlier releases have told cannot be taken
back: whoever compares may rule out of a number what they rule out by themselves, and no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
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
            yield self._puzzle(comparing=True)
        yield self._puzzle(comparing=False)

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
        return replace(self, forms=forms)._puzzle(comparing=True)

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

    def _puzzle(self, *, comparing: bool) -> Puzzle:
        people, puzzle = self.numbers.people, Puzzle()
        for key in sorted(people):
            if self.forms[key] is not Form.EXACT:
                puzzle.unknowns[key] = self.unknown(key, comparing=comparing)
        places = {key: i for i, key in enumerate(puzzle.unknowns)}
        for total, parts in self.numbers.sums:
            terms = [(places[key], sign) for key, sign in _signed(total, parts) if key in places]
            made = sum(sign * people[key] for key, sign in _signed(total, parts) if key in places)
            if terms:  # of a line that is known whole there is nothing to say
                puzzle.equations.append(Equation(tuple(terms), made, made))
        if comparing:
            for told, same in zip(self.past.told, self.past.same, strict=True):
                puzzle.equations += self._remembered(told, same, places)
        return puzzle

    def _remembered(
        self, told: Mapping[Key, Span], same: Set[Key], places: Mapping[Key, int]
    ) -> Iterator[Equation]:
        """Lines of an earlier release, as far as they are true of what is left out now.

        What has changed is in them as it was told then. Lines of which nothing has are those of
        this release.
        """
        people = self.numbers.people
        for total, parts in self.numbers.sums:
            if not all(key in told for key in (total, *parts)):
                continue
            terms, least, most, made = list[tuple[int, int]](), 0, 0, 0
            for key, sign in _signed(total, parts):
                if key in same and key in places:
                    terms.append((places[key], sign))
                    made += sign * people[key]
                else:
                    low, high = sorted(-sign * end for end in told[key])
                    least, most = least + low, most + high
            changed = any(key not in same for key in (total, *parts))
            if terms and changed and least <= made <= most:
                yield Equation(tuple(terms), least, most)


def _signed(total: Key, parts: Sequence[Key]) -> Iterator[tuple[Key, int]]:
    """Total minus parts is nothing."""
    yield total, 1
    for part in parts:
        yield part, -1
