"""What an earlier release can have been made from: the numbers nearest to those of now.

Frozen documents tell no number that they left out. Who compares releases takes it that little has
changed; this finds a whole table of then that agrees with all that was told, and whose cells differ
from those of now by as few people as can be (HiGHS).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np

from referral.figures.effort import Effort
from referral.figures.puzzle import above
from referral.figures.quantities import Key
from referral.figures.shown import Line, Span
from referral.figures.solver import solver, whole

_SEARCH: Final = {"mip_max_nodes": 50}
_ROUNDS: Final = 3  # each makes cheaper what changed in the one before: few change, and much
_TOTAL: Final = 1e-3  # what a total costs to have been another: it follows its parts
Origin = Mapping[Key, int]


def origin(
    told: Mapping[Key, Span], people: Mapping[Key, int], sums: Iterable[Line], effort: Effort
) -> Origin:
    """What each number that was told can have been; at worst, of those that were told exactly."""
    found = {key: low for key, (low, high) in told.items() if low == high}
    columns = {key: 2 * i for i, key in enumerate(sorted(told.keys() - found.keys()))}
    if not columns:
        return found
    lines = [(total, parts) for total, parts in sums if not {total, *parts} - told.keys()]
    totals = {total for total, _ in lines}
    made = _programme(told, people, columns)
    for total, parts in lines:
        _equate(made, {**people, **found}, columns, ((total, 1), *((part, -1) for part in parts)))
    moved = np.zeros(2 * len(columns), dtype=np.int64)
    for _ in range(_ROUNDS):
        for key, at in columns.items():
            price = (_TOTAL if key in totals else 1.0) / (1 + moved[at] + moved[at + 1])
            made.changeColCost(at, price)
            made.changeColCost(at + 1, price)
        made.run()
        effort.take(made, len(columns))
        values = made.getSolution().col_value
        if len(values) != len(moved):
            return found
        moved = np.rint(np.array(values)).astype(np.int64)
    every = found | {
        key: people[key] + int(moved[at] - moved[at + 1]) for key, at in columns.items()
    }
    agrees = all(low <= every[key] <= high for key, (low, high) in told.items()) and all(
        every[total] == sum(every[part] for part in parts) for total, parts in lines
    )
    return every if agrees else found


def _programme(
    told: Mapping[Key, Span], people: Mapping[Key, int], columns: Mapping[Key, int]
) -> Any:
    """How many more and how many fewer there were of each, in whole numbers and few."""
    made = solver(_SEARCH)
    for key in columns:
        count, (low, high) = people[key], told[key]
        most = max(min(high, above(count)), low)
        made.addVar(float(max(0, low - count)), float(max(0, most - count)))
        made.addVar(float(max(0, count - most)), float(max(0, count - low)))
    whole(made, 2 * len(columns))
    return made


def _equate(
    made: Any,
    people: Mapping[Key, int],
    columns: Mapping[Key, int],
    signed: Iterable[tuple[Key, int]],
) -> None:
    at, signs, rest = list[int](), list[float](), 0
    for key, sign in signed:
        rest -= sign * people[key]
        if key in columns:
            at += [columns[key], columns[key] + 1]
            signs += [float(sign), float(-sign)]
    if at:
        made.addRow(float(rest), float(rest), len(at), at, signs)
