"""Somebody who wants to know more than was published: she reads documents and solves puzzles.

She shares no code with what makes a release. She knows the documents of a year (all of them), which
numbers add up, that totals marked ``r`` are within ten, and that somebody is wherever ``c`` stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from types import MappingProxyType
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
    """One integer programme of all that is known; asked for the least and the most of a number."""

    def __init__(
        self,
        documents: Iterable[bytes],
        *,
        nobody_where_hidden: bool = False,
        known: Mapping[Named, int] = MappingProxyType({}),
    ) -> None:
        """``known``: what she has from elsewhere of numbers that are not shown as they are."""
        self._highs = highspy.Highs()  # type: ignore[no-untyped-call] # as it is shipped
        self._highs.setOptionValue("output_flag", False)
        self.columns: dict[Any, int] = {}
        self._known = known
        self.hidden: list[Named] = []
        least = 0 if nobody_where_hidden else 1
        for number, document in enumerate(documents):
            shown = numbers_in(document)
            for key, (people, flag) in shown.items():
                self._know(number, key, people, flag, least)
            for total, parts in lines_in(document):
                self._add(number, total, parts, shown)
        columns = range(len(self.columns))
        for column in columns:
            self._highs.changeColIntegrality(column, highspy.HighsVarType.kInteger)

    def _know(self, number: int, key: Named, people: int | None, flag: str, least: int) -> None:
        """What is left out is one number for all documents: she takes it not to have changed."""
        name = key if flag == "c" else (number, key)
        if name in self.columns:
            return
        self.columns[name] = len(self.columns)
        if flag and key in self._known:
            self._highs.addVar(self._known[key], self._known[key])
        elif flag == "c":
            self.hidden.append(key)
            self._highs.addVar(least, highspy.kHighsInf)
        elif flag == "r":
            assert people is not None
            self._highs.addVar(max(people, 11), people + 9)
        else:
            assert people is not None
            self._highs.addVar(people, people)

    def _add(self, number: int, total: Named, parts: list[Named], shown: Any) -> None:
        names = [key if shown[key][1] == "c" else (number, key) for key in (total, *parts)]
        columns = [self.columns[name] for name in names]
        self._highs.addRow(0, 0, len(columns), columns, [1.0, *[-1.0] * len(parts)])

    def possible(self) -> bool:
        """Whether anything at all agrees with what she believes."""
        self._highs.run()
        return bool(self._highs.getModelStatus() == highspy.HighsModelStatus.kOptimal)

    def range_of(self, key: Named) -> tuple[float, float]:
        """The least and the most a number left out can be; infinity where nothing bounds it."""
        return self._extreme(key, up=False), self._extreme(key, up=True)

    def _extreme(self, key: Named, *, up: bool) -> float:
        column = self.columns[key]
        sense = highspy.ObjSense
        self._highs.changeColCost(column, 1.0)
        self._highs.changeObjectiveSense(sense.kMaximize if up else sense.kMinimize)
        self._highs.run()
        status = self._highs.getModelStatus()
        value = self._highs.getInfo().objective_function_value
        self._highs.changeColCost(column, 0.0)
        optimal, states = highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus
        assert status in {optimal, states.kUnbounded, states.kUnboundedOrInfeasible}, status
        return float(round(value)) if status == optimal else float("inf")
