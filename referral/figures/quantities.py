"""Every number a release could show, and which of them add up to which.

A number is known by what it counts: ``(("period", "2026-Q1"), ("topic", "CL"))`` are the people of
child labour of that quarter, in whichever table it stands. Thus two tables that overlap speak of
one number, and what can be computed from one table against another is seen like the rest (D8).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from referral.figures.fixed_tables import PERIOD

Key = tuple[tuple[str, str], ...]
# Of one table: counts of people by values in the order it crosses them; quarters as "2026-Q1".
Counts = Mapping[tuple[str, ...], int]


@dataclass(frozen=True, slots=True)
class Counted:
    """One table as counted: what it crosses, the values of each, and how many people.

    Of a single quarter there is no year.
    """

    crosses: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    counts: Counts


@dataclass(slots=True)
class Quantities:
    """``people`` of each number; ``sums``: (total, parts) that add up, a line or column each.

    ``unlisted``: numbers that no table has and a reader knows something of all the same: at least,
    and at most how many people (None: no limit).
    """

    people: dict[Key, int] = field(default_factory=dict)
    sums: list[tuple[Key, tuple[Key, ...]]] = field(default_factory=list)
    unlisted: dict[Key, tuple[int, int | None]] = field(default_factory=dict)
    around: dict[Key, list[int]] = field(default_factory=dict)  # sums a number has a part in

    def add(self, total: Key, parts: tuple[Key, ...]) -> None:
        """One line or column; the same one of another table is known already."""
        told = (total, parts)
        if any(self.sums[i] == told for i in self.around.get(total, ())):
            return
        for key in (total, *parts):
            self.around.setdefault(key, []).append(len(self.sums))
        self.sums.append(told)

    def parts_of(self, key: Key) -> Iterator[Key]:
        """What adds up to a number, directly."""
        for i in self.around.get(key, ()):
            total, parts = self.sums[i]
            if total == key:
                yield from parts


def key_of(period: str, rest: Iterable[tuple[str, str]]) -> Key:
    """The number of these people; the same in whichever order a table crosses its dimensions."""
    return ((PERIOD, period), *sorted(rest))


def year_of(quarter: str) -> str:
    """The year a quarter belongs to: ``2026-Q1`` to ``2026``."""
    return quarter.partition("-")[0]


def quantities(tables: Iterable[Counted]) -> Quantities:
    """All numbers of these tables. Raises ValueError when two count one number differently."""
    found = Quantities()
    for table in tables:
        people = _people(table)
        for key, count in people.items():
            if found.people.setdefault(key, count) != count:
                raise ValueError(f"Two tables count {key} differently.")
        for total, parts in _sums(table, people):
            found.add(total, parts)
    return found


def _people(table: Counted) -> dict[Key, int]:
    """Every number of one table: cells, and the totals over each dimension and over quarters."""
    found: dict[Key, int] = {}
    for cell in product(*table.values):
        count = table.counts.get(cell, 0)
        periods = (cell[0], year_of(cell[0])) if len(table.values[0]) > 1 else cell[:1]
        for key in _counted_in(table.crosses, periods, cell):
            found[key] = found.get(key, 0) + count
    return found


def _counted_in(
    crosses: Sequence[str], periods: Iterable[str], cell: tuple[str, ...]
) -> Iterator[Key]:
    """The numbers a cell counts in: of each period, with and without each other value."""
    for period in periods:
        for kept in product((True, False), repeat=len(cell) - 1):
            rest = zip(crosses[1:], cell[1:], kept, strict=True)
            yield key_of(period, ((name, value) for name, value, keeps in rest if keeps))


def _sums(table: Counted, people: Iterable[Key]) -> Iterator[tuple[Key, tuple[Key, ...]]]:
    years = {year_of(quarter) for quarter in table.values[0]}
    for key in people:
        if key[0][1] in years:
            quarters = [q for q in table.values[0] if year_of(q) == key[0][1]]
            yield key, tuple(((PERIOD, quarter), *key[1:]) for quarter in quarters)
        told = dict(key)
        for name, values in zip(table.crosses[1:], table.values[1:], strict=True):
            if name not in told:
                period, rest = key[0][1], key[1:]
                yield key, tuple(key_of(period, (*rest, (name, value))) for value in values)
