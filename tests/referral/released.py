"""Somebody who wants to know more than was published: she reads documents and solves puzzles.

She shares no code with what makes a release. She has documents of a year and its quarters, knows
which numbers add up, that totals marked ``r`` are within ten, and that somebody is (or was, when it
was left out first) wherever ``c`` stands. Of two documents she takes numbers to be the same, and
guesses right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import product
from typing import Any

import highspy
import orjson

Named = frozenset[tuple[str, str]]


def numbers_in(document: bytes) -> dict[Named, tuple[int | None, str]]:
    """Every number shown, by what it counts."""
    found: dict[Named, tuple[int | None, str]] = {}
    for table in orjson.loads(document)["tables"]:
        for row in table["rows"]:
            pairs = zip(table["crosses"], row["cell"], strict=True)
            key = frozenset((name, value) for name, value in pairs if value != "*")
            told = (row["people"], row["flag"])
            assert found.setdefault(key, told) == told, "one number is shown in two ways"
    return found


def lines_in(document: bytes) -> Iterator[tuple[Named, list[Named]]]:
    """Which total is the sum of which numbers, read off the tables."""
    told = orjson.loads(document)
    quarters = [*told["dimensions"]["period"]]
    year = str(told["year"])
    for table in told["tables"]:
        values = [[year, *quarters] if len(quarters) > 1 else quarters]
        values += [["*", *told["dimensions"][name]] for name in table["crosses"][1:]]
        for cell in product(*values):
            for at, whole in enumerate((year, "*", "*")[: len(cell)]):
                if cell[at] == whole:
                    parts = [(*cell[:at], part, *cell[at + 1 :]) for part in values[at][1:]]
                    yield _named(table, cell), [_named(table, part) for part in parts]


def _named(table: Any, cell: Sequence[str]) -> Named:
    return frozenset(p for p in zip(table["crosses"], cell, strict=True) if p[1] != "*")


class Attacker:
    """One integer programme of all that is known; asked for the least and the most of a number.

    ``same``: of each document but the last, what she takes not to have changed until then.
    ``blind``: she has not seen the last one, but for where nobody is. ``nobody_where_hidden``: she
    does not know what was left out before.
    """

    def __init__(
        self,
        documents: Sequence[bytes],
        same: Sequence[AbstractSet[Named]] = (),
        *,
        blind: bool = False,
        nobody_where_hidden: bool = False,
    ) -> None:
        self._highs = highspy.Highs()  # type: ignore[no-untyped-call] # as it is shipped
        self._highs.setOptionValue("output_flag", False)
        self._columns: dict[tuple[int, Named], int] = {}
        self.last, inexact = len(documents) - 1, set[Named]()
        for number, document in enumerate(documents):
            shown, unseen = numbers_in(document), blind and number == self.last
            for key, told in shown.items():
                somebody = not unseen and not nobody_where_hidden and key not in inexact
                told = (None, "c") if unseen and told != (0, "") else told  # noqa: PLW2901
                self._know((number, key), *told, least=int(somebody))
            for total, parts in lines_in(document):
                self._add([(number, key) for key in (total, *parts)])
            inexact |= {key for key, (_, flag) in shown.items() if flag}
        last = numbers_in(documents[-1])
        self.hidden = [key for key, (_, flag) in last.items() if flag == "c"]
        for number, keys in enumerate(same):
            for key in keys:
                if {(number, key), (self.last, key)} <= self._columns.keys():
                    self._add([(number, key), (self.last, key)])
        for column in range(len(self._columns)):
            self._highs.changeColIntegrality(column, highspy.HighsVarType.kInteger)

    def _know(self, name: tuple[int, Named], people: int | None, flag: str, least: int) -> None:
        self._columns[name] = len(self._columns)
        if people is None:
            self._highs.addVar(least, highspy.kHighsInf)
        elif flag == "r":
            self._highs.addVar(max(people, 11), people + 9)
        else:
            self._highs.addVar(people, people)

    def _add(self, names: Sequence[tuple[int, Named]]) -> None:
        """The first is the sum of the others."""
        columns = [self._columns[name] for name in names]
        self._highs.addRow(0, 0, len(columns), columns, [1.0, *[-1.0] * (len(columns) - 1)])

    def range_of(self, key: Named) -> tuple[float, float]:
        """The least and the most a number of the last document can be; infinity if unbounded."""
        return self._range({(self.last, key): 1.0})

    def change_of(self, key: Named, since: int) -> tuple[float, float]:
        """By how many it can have changed since an earlier document, at least and at most."""
        return self._range({(self.last, key): 1.0, (since, key): -1.0})

    def _range(self, asked: Mapping[tuple[int, Named], float]) -> tuple[float, float]:
        for name, sign in asked.items():
            self._highs.changeColCost(self._columns[name], sign)
        ends = self._extreme(highspy.ObjSense.kMinimize), self._extreme(highspy.ObjSense.kMaximize)
        for name in asked:
            self._highs.changeColCost(self._columns[name], 0.0)
        return ends

    def _extreme(self, sense: Any) -> float:
        self._highs.changeObjectiveSense(sense)
        self._highs.run()
        status, states = self._highs.getModelStatus(), highspy.HighsModelStatus
        assert status in {states.kOptimal, states.kUnbounded, states.kUnboundedOrInfeasible}, status
        if status == states.kOptimal:
            return float(round(self._highs.getInfo().objective_function_value))
        return float("inf") if sense == highspy.ObjSense.kMaximize else float("-inf")
