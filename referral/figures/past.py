"""What the earlier releases of a year and of its quarters tell, whoever reads them (D8).

A number is told by what it was shown as, and by what its lines leave of it: a total that was
rounded beside parts that were not is known to everybody who adds up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from referral.figures.effort import Effort
from referral.figures.origins import Origin, origin
from referral.figures.puzzle import BREADTH, SMALL
from referral.figures.quantities import Key, Quantities, year_of
from referral.figures.shown import UNBOUNDED, Form, Line, Release, Span, exact

_PASSES: Final = 20  # over all lines; what is narrowed is so after very few


@dataclass(frozen=True, slots=True)
class Memory:
    """Lines of an earlier release, among numbers that are the same still, and some of then.

    Of a line that was told several times the last time counts; what was told of each number by
    itself counts always.

    ``people``: of each, under the name it has in ``lines``; ``unknown``: what was told of those of
    then that were not told exactly.
    """

    people: Mapping[Key, int]
    unknown: Mapping[Key, Span]
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Past:
    """``told``: by release, oldest first, what it tells of each number.

    ``then``: what it can have been made from; ``memories``: what that says of now. ``spans``: all
    that was ever told of a number; a year whose four quarters were told is known as well, though it
    never stood anywhere. ``hidden``, ``inexact``: left out of any of them; or rounded.
    """

    told: Sequence[Mapping[Key, Span]] = ()
    then: Sequence[Origin] = ()
    memories: Sequence[Memory] = ()
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
        true = [
            told[key]
            for told, then in zip(self.told, self.then, strict=True)
            if then.get(key) == count
        ]
        return max((low for low, _ in true), default=0), min(
            (h for _, h in true), default=UNBOUNDED
        )


def past(numbers: Quantities, earlier: Sequence[Release], effort: Effort) -> Past:
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
    then = [origin(one, numbers.people, numbers.sums, effort) for one in told]
    memories = [
        _memory(str(at), one, then[at], _last_told(numbers.sums, told[at + 1 :]), numbers.people)
        for at, one in enumerate(told)
    ]
    return Past(told, then, memories, every, frozenset(hidden), frozenset(inexact))


def _last_told(sums: Iterable[Line], later: Sequence[Mapping[Key, Span]]) -> list[Line]:
    """Lines that no later release told again."""
    return [line for line in sums if not any(line[0] in one for one in later)]


def _memory(
    number: str,
    told: Mapping[Key, Span],
    then: Origin,
    sums: Iterable[Line],
    people: Mapping[Key, int],
) -> Memory:
    names = {
        key: key if count == people[key] else (("earlier", number), *key)
        for key, count in then.items()
    }
    lines = [
        (names[total], tuple(names[part] for part in parts))
        for total, parts in sums
        if all(key in then for key in (total, *parts))
        and any(names[key] != key for key in (total, *parts))
    ]
    used = {name for total, parts in lines for name in (total, *parts)}
    unknown = {
        name: told[key]
        for key, name in names.items()
        if name != key and name in used and not exact(told[key])
    }
    return Memory({name: then[key] for key, name in names.items()}, unknown, lines)


def _years_in(release: Release, numbers: Quantities) -> Iterator[Line]:
    """Of a quarter that is corrected by itself: what stands in the release of its year."""
    quarters = sorted({key[0] for key in release if key[0][1] != year_of(key[0][1])})
    for key in release:
        parts = tuple((quarter, *key[1:]) for quarter in quarters)
        if key not in numbers.people and key[0] not in quarters and len(quarters) > 1:
            yield key, parts


def narrowed(told: Mapping[Key, Span], sums: Iterable[Line]) -> dict[Key, Span]:
    """What each number must lie between, by what the others of its lines leave of it."""
    spans = dict(told)
    open_ones = [line for line in sums if all(key in spans for key in (line[0], *line[1]))]
    for _ in range(_PASSES):
        moved = [_narrow(spans, *line) for line in open_ones]
        if not any(moved):
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
