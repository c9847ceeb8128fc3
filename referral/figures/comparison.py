"""A release beside an earlier one, line by line: what changed among those left out (D8).

What is left out of a line is, taken together, told by the total and by the rest of the line. If
those were told before as well, so is by how many people the ones left out have changed together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from referral.figures.past import narrowed
from referral.figures.puzzle import SMALL
from referral.figures.quantities import Key
from referral.figures.readers import Readers
from referral.figures.shown import Form, Span, exact


def told_together(readers: Readers) -> set[Key]:
    """What must go too, so that no parts left out have changed by 1 to 10 people together.

    Of each line the smallest part, of those that changed by more, that makes it more than 10.
    """
    if not readers.past.told:
        return set()
    now = narrowed(readers.spans(), readers.numbers.sums)
    return {
        min(more)[-1]
        for before in readers.past.told
        for total, parts in readers.numbers.sums
        if (line := _Line.of(before, now, total, parts)) and line.few
        if (more := [*line.more(readers)])
    }


@dataclass(frozen=True, slots=True)
class _Line:
    """``left``: by how many the parts left out have changed together; ``known``: the others."""

    left: int
    known: Mapping[Key, int]

    @classmethod
    def of(
        cls, before: Mapping[Key, Span], now: Mapping[Key, Span], total: Key, parts: Sequence[Key]
    ) -> _Line | None:
        """None where the total is not known both times, or all parts are."""
        told = {
            key: now[key][0] - before[key][0]
            for key in (total, *parts)
            if key in before and exact(before[key]) and exact(now[key])
        }
        if total not in told or len(told) == 1 + len(parts):
            return None
        changed = told.pop(total) - sum(told.values())
        return cls(changed, told)

    @property
    def few(self) -> bool:
        return 0 < abs(self.left) <= SMALL

    def more(self, readers: Readers) -> Iterator[tuple[bool, int, Key]]:
        """Which could go: few people first, but first of all those that do."""
        for key, change in self.known.items():
            if change and readers.forms[key] is not Form.HIDDEN:
                together = abs(self.left + change)
                yield 0 < together <= SMALL, readers.numbers.people[key], key
