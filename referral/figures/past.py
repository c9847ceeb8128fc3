"""What the earlier releases of a year and of its quarters tell, whoever reads them (D8).

A number is told by what it was shown as, and by what its lines leave of it: a total that was
rounded beside parts that were not is known to everybody who adds up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from referral.figures.puzzle import BREADTH, SMALL
from referral.figures.quantities import Key, Quantities, year_of
from referral.figures.shown import UNBOUNDED, Form, Release, Span, exact

Line = tuple[Key, tuple[Key, ...]]
_PASSES: Final = 20  # over all lines; what is narrowed is so after very few


@dataclass(frozen=True, slots=True)
class Past:
    """``told``: by release, oldest first, what it tells of each number.

    ``same``: by release the numbers that can be what they were then. ``spans``: all that was ever
    told of a number; a year whose four quarters were told is known as well, though it never stood
    anywhere. ``hidden``, ``inexact``: left out of any of them; or rounded.
    """

    told: Sequence[Mapping[Key, Span]] = ()
    same: Sequence[frozenset[Key]] = ()
    spans: Mapping[Key, frozenset[Span]] = field(default_factory=dict)
    hidden: frozenset[Key] = frozenset()
    inexact: frozenset[Key] = frozenset()

    def known(self, key: Key, count: int) -> bool:
        """Whether it was told as what it still is."""
        return (count, count) in self.spans.get(key, ())

    def told_apart(self, key: Key, count: int) -> bool:
        """Left out before, or told before and changed by 1 to 10 people."""
        return key in self.hidden or self.changed(key, count)

    def changed(self, key: Key, count: int) -> bool:
        """Told before, closer than D4 tells of a small one, and changed by 1 to 10 people."""
        return any(
            high - low < BREADTH - 1 and 0 < max(low - count, count - high) <= SMALL
            for low, high in self.spans.get(key, ())
        )

    def still(self, key: Key, count: int) -> Span:
        """What was told of a number when it was what it is now, put together."""
        if self.known(key, count):
            return count, count
        true = [told[key] for told, same in zip(self.told, self.same, strict=True) if key in same]
        return max((low for low, _ in true), default=0), min((h for _, h in true), default=UNBOUNDED)


def past(numbers: Quantities, earlier: Sequence[Release]) -> Past:
    """Of these releases, oldest first; of whole years and of quarters of it."""
    told: list[Mapping[Key, Span]] = []
    spans: dict[Key, set[Span]] = {}
    hidden, inexact = set[Key](), set[Key]()
    for release in earlier:
        alone = {key: one.span(least=int(key not in inexact)) for key, one in release.items()}
        whole = narrowed(alone, [*numbers.sums, *_years_in(release, numbers)])
        told.append({key: span for key, span in whole.items() if key in numbers.people})
        for key, span in told[-1].items():
            spans.setdefault(key, set()).add(span)
        hidden.update(key for key, one in release.items() if one.form is Form.HIDDEN)
        inexact.update(key for key, one in release.items() if one.form is not Form.EXACT)
    for total, parts in numbers.sums:
        if total[0] != parts[0][0]:
            known = [[n for n, most in spans.get(one, ()) if n == most] for one in parts]
            spans.setdefault(total, set()).update((sum(some),) * 2 for some in product(*known))
    every = {key: frozenset(some) for key, some in spans.items()}
    same = [_same(one, numbers) for one in told]
    return Past(told, same, every, frozenset(hidden), frozenset(inexact))


def _years_in(release: Release, numbers: Quantities) -> Iterator[Line]:
    """Of a quarter that is corrected by itself: what stands in the release of its year."""
    quarters = sorted({key[0] for key in release if key[0][1] != year_of(key[0][1])})
    for key in release:
        parts = tuple((quarter, *key[1:]) for quarter in quarters)
        if key not in numbers.people and key[0] not in quarters and len(quarters) > 1:
            yield key, parts


def _same(told: Mapping[Key, Span], numbers: Quantities) -> frozenset[Key]:
    """What can have stayed as it was: no number told otherwise, and no total over such a one."""
    people = numbers.people
    then = {key: (people[key],) * 2 if _within(people[key], told[key]) else told[key] for key in told}
    lines = [line for line in numbers.sums if all(key in told for key in (line[0], *line[1]))]
    totals = True
    while totals:
        totals = {
            total
            for total, parts in lines
            if exact(then[total])
            and not exact(told[total])
            and not _within(
                then[total][0],
                (sum(then[part][0] for part in parts), sum(then[part][1] for part in parts)),
            )
        }
        then.update((total, told[total]) for total in totals)
    return frozenset(key for key, span in then.items() if span == (people[key],) * 2)


def _within(count: int, span: Span) -> bool:
    return span[0] <= count <= span[1]


def narrowed(told: Mapping[Key, Span], sums: Iterable[Line]) -> dict[Key, Span]:
    """What each number must lie between, by what the others of its lines leave of it."""
    spans = dict(told)
    open_ones = [line for line in sums if all(key in spans for key in (line[0], *line[1]))]
    for _ in range(_PASSES):
        if not any([_narrow(spans, *line) for line in open_ones]):
            break
        open_ones = [
            line for line in open_ones if not all(exact(spans[key]) for key in (line[0], *line[1]))
        ]
    return spans


def _narrow(spans: dict[Key, Span], total: Key, parts: Sequence[Key]) -> bool:
    """One line: the total by its parts, each part by the total and the rest."""
    least, most = (sum(spans[part][end] for part in parts) for end in (0, 1))
    low, high = max(spans[total][0], least), min(spans[total][1], most)
    found = {total: (low, high)}
    for part in parts:
        few, many = spans[part]
        found[part] = max(few, low - (most - many)), min(many, high - (least - few))
    if all(spans[key] == span for key, span in found.items()):
        return False
    spans.update(found)
    return True
