"""Tables as files for a spreadsheet: CSV and XLSX. A number stays a number, and no text a formula.

What is not told has a sign of its own and is never 0: in XLSX the sign the pages use (``c`` for a
count under the floor, a dash for a time or share), in CSV nothing at all.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

import xlsxwriter

_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


class Kind(StrEnum):
    """What stands in a column."""

    TEXT = "text"
    COUNT = "count"
    SHARE = "share"
    SECONDS = "seconds"
    DAY = "day"
    MOMENT = "moment"


class Absent:
    """Nothing belongs here: neither hidden nor zero."""


ABSENT: Final = Absent()
_SIGNS: Final = {Kind.COUNT: "c", Kind.SHARE: "–", Kind.SECONDS: "–", Kind.MOMENT: "–"}
_FORMATS: Final = {
    Kind.COUNT: "0",
    Kind.SHARE: "0.0%",
    Kind.SECONDS: "0",
    Kind.DAY: "yyyy-mm-dd",
    Kind.MOMENT: "yyyy-mm-dd hh:mm",
}
_LEGEND: Final = (
    ("c", "A count that is hidden, because it is small or would give a small one away. Not zero."),
    (
        "–",
        "A moment, time or share that is not reached, taken from nothing, or hidden.",
    ),
    ("(empty)", "Nothing belongs in this cell."),
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``means``: its definition in words."""

    name: str
    kind: Kind
    means: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table that leaves. ``name``: of the file; ``as_of``: what happened later is not in it.

    ``asked``: what was asked for, as pairs of a word and its value.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[object, ...], ...]
    as_of: datetime
    asked: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked, and when; ``zone``: the one moments are written in."""

    name: str
    at: datetime
    zone: ZoneInfo


def cell(value: object) -> object:
    """One cell of a CSV: numbers as they are, texts so that none is a formula, None as nothing."""
    if value is None or value is ABSENT:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return value
    text = str(value)
    return f"'{text}" if _like_a_formula(text) else text


def as_csv(sheet: Sheet) -> str:
    """A head line, and a line for each row."""
    written = io.StringIO(newline="")
    lines = csv.writer(written, lineterminator="\r\n")
    lines.writerow([one.name for one in sheet.columns])
    lines.writerows([cell(one) for one in row] for row in sheet.rows)
    return written.getvalue()


def as_xlsx(sheet: Sheet, asker: Asker) -> bytes:
    """Two sheets: the table, and what it is. Raises ValueError where a cell cannot be written."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        # Stamped with the moment of the question: the same answer is the same file.
        book.set_properties({"title": sheet.title, "created": _naive(asker.at, asker.zone)})
        pen = _Pen(book, asker.zone)
        pen.table(book.add_worksheet("Figures"), sheet)
        pen.about(book.add_worksheet("About"), _about(sheet, asker))
    return made.getvalue()


class _Pen:
    """Writes cells of one workbook; its kinds are told apart by the column alone."""

    def __init__(self, book: Any, zone: ZoneInfo) -> None:
        self.zone = zone
        self.head = book.add_format({"bold": True, "bottom": 1})
        self.quoted = book.add_format({"quote_prefix": True})  # text, when it is edited too
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.of = {kind: book.add_format({"num_format": told}) for kind, told in _FORMATS.items()}
        self.sign = book.add_format({"align": "right"})

    def table(self, page: Any, sheet: Sheet) -> None:
        """The head line stays in sight."""
        for at, column in enumerate(sheet.columns):
            _sure(page.write_string(0, at, column.name, self.head))
        for line, row in enumerate(sheet.rows, start=1):
            for at, (column, value) in enumerate(zip(sheet.columns, row, strict=True)):
                _sure(self._cell(page, (line, at), column.kind, value))
        page.freeze_panes(1, 0)
        if sheet.rows:
            page.autofilter(0, 0, len(sheet.rows), len(sheet.columns) - 1)
        page.autofit()

    def about(self, page: Any, lines: Sequence[tuple[str, object]]) -> None:
        """What, whose, when, and what each column means."""
        page.set_column(0, 0, 28)
        page.set_column(1, 1, 100)
        for line, (name, value) in enumerate(lines):
            _sure(page.write_string(line, 0, name, self.head if value == "" else self.wrapped))
            kind = Kind.MOMENT if isinstance(value, datetime) else Kind.TEXT
            _sure(self._cell(page, (line, 1), kind, value))
        page.freeze_panes(1, 0)

    def _cell(self, page: Any, at: tuple[int, int], kind: Kind, value: object) -> int:
        done: int
        if value is ABSENT or value == "":
            return 0
        if value is None:
            sign = _SIGNS.get(kind)
            done = page.write_string(*at, sign, self.sign) if sign else 0
        elif isinstance(value, datetime):
            done = page.write_datetime(*at, _naive(value, self.zone), self.of[Kind.MOMENT])
        elif isinstance(value, date):
            done = page.write_datetime(*at, value, self.of[Kind.DAY])
        elif isinstance(value, int | float) and not isinstance(value, bool):
            done = page.write_number(*at, value, self.of.get(kind))
        else:
            text = str(cell(value)) if isinstance(value, bool) else str(value)
            done = page.write_string(*at, text, self.quoted if _like_a_formula(text) else None)
        return done


def _about(sheet: Sheet, asker: Asker) -> list[tuple[str, object]]:
    return [
        ("What", sheet.title),
        ("Asked by", asker.name),
        ("Asked at", asker.at),
        ("As of", sheet.as_of),
        ("Time zone of this file", asker.zone.key),
        *(("Note", told) for told in sheet.notes),
        *_part("Asked for", sheet.asked),
        *_part("Signs", _LEGEND),
        *_part("Columns", ((one.name, one.means) for one in sheet.columns)),
    ]


def _part(title: str, lines: Any) -> Iterator[tuple[str, object]]:
    yield title, ""
    yield from lines


def _like_a_formula(text: str) -> bool:
    return text.lstrip(" ").startswith(_FORMULAS)


def _naive(at: datetime, zone: ZoneInfo) -> datetime:
    """A spreadsheet knows no zones: the file says beside it which one."""
    return at.astimezone(zone).replace(tzinfo=None, microsecond=0)


def _sure(done: int) -> None:
    if done != 0:
        raise ValueError("a cell is longer than a spreadsheet allows: nothing may be cut silently")
