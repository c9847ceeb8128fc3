"""Tables of figures as a page lays them out: cells, rows, and the part of a page they stand in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from referral.web.drawing import Chart

NOTHING: Final = "Nothing was asked for in these months."


@dataclass(frozen=True, slots=True)
class Cell:
    """One number, and the hand-offs behind it."""

    words: str
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table."""

    name: str
    cells: tuple[Cell, ...]
    marks: tuple[str, ...] = ()
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One table; ``nothing``: what is said where it has no row."""

    title: str
    first: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    nothing: str = NOTHING


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page: what it says, its drawings, and the same as a table."""

    title: str
    table: Table
    notes: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()


def cells(words: Iterable[str]) -> tuple[Cell, ...]:
    """Cells that lead nowhere."""
    return tuple(Cell(one) for one in words)
