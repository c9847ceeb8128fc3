"""A CSV file read row by row: a row that cannot be read is a fault with its line, never the end.

Byte-order marks, either line ending and the semicolons of a Spanish spreadsheet are read as they
come. Bytes that are no UTF-8 spoil their own row only; so does a quotation mark nobody closed,
which would otherwise swallow the rest of the file. What this file must never know: what a column
means.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LONGEST = 100_000_000  # bytes; the published years have under half a million


class TableFault(Exception):
    """The file as a whole cannot be read: what is wrong, and how to put it right."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns a file must have, and which are known at all."""

    required: tuple[str, ...]
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line it begins at (the header is line 1), and its cells by column."""

    line: int
    cells: Mapping[str, str]

    def cell(self, column: str) -> str:
        """What stands there without the spaces around it; empty where there is no such column."""
        return " ".join(self.cells.get(column, "").split())


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read, and why; ``number`` is its first cell, if that much is clear."""

    line: int
    number: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Table:
    """One file. ``unknown`` columns are not read, ``missing`` ones are known and not there."""

    rows: tuple[Row | BadRow, ...]
    unknown: tuple[str, ...]
    missing: tuple[str, ...]


def read_table(path: Path, columns: Columns) -> Table:
    """Every row of the file. Raises TableFault when there is no telling what its columns are."""
    return table_from(_bytes_of(path), path.name, columns)


def table_from(content: bytes, name: str, columns: Columns) -> Table:
    """As ``read_table``, from bytes; ``name`` is what the fault calls the file."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:1000]:
        raise TableFault(
            f"{name} is no UTF-8 text (it looks like UTF-16 or a spreadsheet). "
            "Save it as “CSV UTF-8” and import that file."
        )
    text = content.decode("utf-8-sig", errors="surrogateescape")
    lines = list(io.StringIO(text, newline=""))
    separator = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    records = list(_records(lines, separator))
    header = tuple(cell.strip() for cell in records[0].cells) if records else ()
    missing = [column for column in columns.required if column not in header]
    if missing:
        raise TableFault(
            f"{name} has no column {', '.join(missing)}, so its rows cannot be told apart. "
            f"Its first line must name the columns: {', '.join(columns.known)}."
        )
    return Table(
        tuple(_row(record, header) for record in records[1:] if record.cells),
        tuple(column for column in header if column not in columns.known),
        tuple(column for column in columns.known if column not in header),
    )


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    cells: Sequence[str]
    broken: str = ""


def _records(lines: Sequence[str], separator: str) -> Iterator[_Record]:
    """Records with the lines they begin at.

    One that spans lines and does not fit the header is cut off after its first line, and reading
    goes on with the next: the rest of the file is not its hostage.
    """
    start, width = 0, None
    while start < len(lines):
        reader = csv.reader(
            (lines[n] for n in range(start, len(lines))), delimiter=separator, strict=True
        )
        try:
            cells, broken = next(reader), ""
        except csv.Error as fault:
            cells, broken = [lines[start][:40]], str(fault)
        width = len(cells) if width is None else width
        whole = not broken and len(cells) == width
        yield _Record(start + 1, cells, broken)
        start += reader.line_num if whole else 1


def _row(record: _Record, header: Sequence[str]) -> Row | BadRow:
    number = _printable(record.cells[0])[:40]
    if record.broken:
        reason = f"A quotation mark is not closed ({record.broken}); close it in this line."
        return BadRow(record.line, number.split(",")[0], "quotation", reason)
    if len(record.cells) != len(header):
        reason = (
            f"{len(record.cells)} cells under {len(header)} columns, so that it is not clear what "
            "stands where. Quote cells that hold a separator."
        )
        return BadRow(record.line, number, "cells", reason)
    cells = dict(zip(header, record.cells, strict=True))
    spoilt = [name for name, cell in cells.items() if _printable(cell) != cell]
    if spoilt:
        reason = f"No UTF-8 in {', '.join(spoilt)}. Save the file as UTF-8 (it may be Latin-1)."
        return BadRow(record.line, number, "encoding", reason)
    return Row(record.line, cells)


def _printable(cell: str) -> str:
    """The cell with what is no UTF-8 replaced, and without NUL, which no database keeps."""
    return cell.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\0", "")


def _bytes_of(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LONGEST:
            raise TableFault(
                f"{path.name} has {size:,} bytes, more than the {LONGEST:,} read at once. "
                "Import it year by year."
            )
        return path.read_bytes()
    except OSError as fault:
        raise TableFault(
            f"{path.name} cannot be read ({fault.strerror}). Check the path and the permissions."
        ) from fault
