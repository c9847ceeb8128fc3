"""A list of persons as pasted from a spreadsheet: one line each, the first line names the columns.

Columns are facts of the closed list and the few words of the sealed groups the form asks for. What
is wrong is told by line; nothing is guessed.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from protocols.vocabulary import FactType, load_vocabulary
from referral.casework import PersonTold

MOST_IN_TABLE: Final = 1000
_IDENTITY: Final = ("name", "papers", "address")
_SAFETY: Final = ("whereabouts", "contact", "fears")
_FACTS: Final = ("age", "sex", "works", "econ_hours", "in_school", "foreign_national", "language")
COLUMNS: Final = (*_IDENTITY, *_SAFETY, *_FACTS)
_FLAGS: Final = {"yes": True, "y": True, "true": True, "1": True, "no": False, "n": False}
_FLAGS_OFF: Final = {"false": False, "0": False}


@dataclass(frozen=True, slots=True)
class People:
    """The persons of a table with the line each stands on, and what is wrong, in words."""

    persons: tuple[PersonTold, ...] = ()
    lines: tuple[int, ...] = ()
    faults: tuple[str, ...] = ()


def people_in(text: str) -> People:
    """Read a pasted table; an empty one has nobody in it."""
    if not text.strip():
        return People()
    first = next(line for line in text.splitlines() if line.strip())
    mark = max("\t;,", key=first.count)
    rows = [
        (number, [cell.strip() for cell in row])
        for number, row in enumerate(csv.reader(text.splitlines(), delimiter=mark), start=1)
        if any(cell.strip() for cell in row)
    ]
    names = [cell.lower().replace(" ", "_") for cell in rows[0][1]]
    faults = [*_wrong_columns(names), *_wrong_rows(rows[1:], len(names))]
    if faults:
        return People(faults=tuple(faults))
    told = tuple(_told(dict(zip(names, row, strict=False))) for _, row in rows[1:])
    return People(told, tuple(number for number, _ in rows[1:]))


def _wrong_columns(names: Sequence[str]) -> Iterable[str]:
    unknown = [name for name in names if name not in _known()]
    if unknown:
        yield (
            f"The first line must name the columns. “{', '.join(unknown)[:80]}” is none of ours; "
            f"there are: {', '.join(COLUMNS)}, and any other fact by its name."
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        yield f"A column is there twice: {', '.join(twice)}."


def _wrong_rows(rows: Sequence[tuple[int, Sequence[str]]], width: int) -> Iterable[str]:
    if not rows:
        yield "There is a line with the names of columns and nobody below it."
    if len(rows) > MOST_IN_TABLE:
        yield f"{len(rows):,} persons at once are too many: at most {MOST_IN_TABLE:,}."
    for number, row in rows:
        if len(row) > width:
            yield f"Line {number} has {len(row)} cells, the first line names {width} columns."


def _known() -> frozenset[str]:
    plain = {FactType.FLAG, FactType.WHOLE, FactType.CODE, FactType.CODES}
    facts = {entry.name for entry in load_vocabulary() if entry.type in plain}
    return frozenset({*_IDENTITY, *_SAFETY, *facts})


def _told(cells: Mapping[str, str]) -> PersonTold:
    identity = {name: cells[name] for name in _IDENTITY if cells.get(name)}
    safety = {name: cells[name] for name in _SAFETY if cells.get(name)}
    facts = {
        name: _value(name, cell)
        for name, cell in cells.items()
        if cell and name not in {*_IDENTITY, *_SAFETY}
    }
    return PersonTold("concerned", facts, identity, safety, identified="name" in identity)


def _value(name: str, cell: str) -> Any:
    """As JSON of the closed list; what cannot be read stays text, and the vocabulary says so."""
    match load_vocabulary()[name].type:
        case FactType.FLAG:
            return (_FLAGS | _FLAGS_OFF).get(cell.lower(), cell)
        case FactType.WHOLE:
            return int(cell) if re.fullmatch(r"\d{1,6}", cell) else cell
        case FactType.CODES:
            return re.split(r"[\s|/]+", cell)
        case _:
            return cell
