"""Agencies from CSV: one row for one agency and one of its mandates.

A row that cannot be read is reported with its line; the others stand. Silence ends nothing: a
mandate no row names stays as it is. Places are not listed here, they must be in the directory.
What this file must never know: what is stored.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from agencies.register.consistency import check
from agencies.register.entries import Body, Charge, Desk, Problem, Register
from agencies.register.spelling import AGENCY_TYPES, COUNTRY, INTAKE, KEY, LEVELS, MANDATE, PRIORITY

COLUMNS: Final = (
    "country",
    "key",
    "name",
    "type",
    "level",
    "source",
    "valid_from",
    "time_zone",
)
OPTIONAL: Final = (
    "valid_until",
    "parent",
    "confidential",
    "unit",
    "unit_name",
    "mandate",  # empty: the agency alone
    "jurisdiction",
    "priority",
    "fall_back",
)
_FLAGS: Final = {
    "": False,
    "false": False,
    "no": False,
    "0": False,
    "true": True,
    "yes": True,
    "1": True,
}


class _Unreadable(Exception):
    """This row cannot be read: what is wrong, and how to put it right."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


def read_csv(content: bytes, file: str) -> Register:
    """The rows that can be read, as agencies; the others as problems with their lines."""
    bad_lines: set[int] = set()
    reader = csv.DictReader(_decoded(content, bad_lines), strict=True, restkey="beyond the header")
    header = frozenset(reader.fieldnames or ())
    wrong = _wrong_header(header)
    if wrong:
        return Register(file, complete=False, problems=(Problem(file, 1, *wrong),))
    problems: list[Problem] = []
    bodies: dict[tuple[str, str], Body] = {}
    for line, row in _rows(reader, bad_lines, problems, file):
        try:
            _add(bodies, _body(row, line))
        except _Unreadable as error:
            problems.append(Problem(file, line, error.message, error.remedy))
    return _consistent(Register(file, complete=False, bodies=tuple(bodies.values())), problems)


def _decoded(content: bytes, bad_lines: set[int]) -> Iterator[str]:
    for number, line in enumerate(
        content.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True), 1
    ):
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError:
            bad_lines.add(number)
            yield line.decode("utf-8", "replace")


def _wrong_header(header: frozenset[str]) -> tuple[str, str] | None:
    missing = [name for name in COLUMNS if name not in header]
    unknown = sorted(header - {*COLUMNS, *OPTIONAL})
    if not missing and not unknown:
        return None
    said = [f"missing: {', '.join(missing)}"] if missing else []
    said += [f"unknown: {', '.join(unknown)}"] if unknown else []
    remedy = f"First line: {','.join(COLUMNS)}; further columns may be {', '.join(OPTIONAL)}."
    return f"the columns are not those of a register ({'; '.join(said)}).", remedy


def _rows(
    reader: csv.DictReader[str], bad_lines: set[int], problems: list[Problem], file: str
) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Rows with the line they begin in; a broken one is noted and the next is read."""
    while True:
        first = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            remedy = "Check the quotes and commas."
            problems.append(Problem(file, first, f"not a row of CSV: {error}.", remedy))
            continue
        if bad_lines & set(range(first, reader.line_num + 1)):
            message = "a byte here is not UTF-8, so letters would be lost; the row was left out."
            problems.append(Problem(file, first, message, "Save the file as UTF-8."))
        elif None in row.values() or "beyond the header" in row:
            message = "the row has more or fewer fields than the first line names."
            problems.append(
                Problem(file, first, message, "Quote fields with commas; give every column.")
            )
        else:
            yield first, {name: value.strip() for name, value in row.items()}


def _body(row: Mapping[str, str], line: int) -> Body:
    for name in COLUMNS:
        if not row[name]:
            message = f"{name} is empty."
            raise _Unreadable(message, "Fill it in; a directory without it cannot be used.")
    valid_from, valid_until = _day(row["valid_from"]), _day(row.get("valid_until", ""))
    assert valid_from is not None, "checked above"  # noqa: S101
    unit = row.get("unit", "") or INTAKE
    desk = Desk(
        unit, row.get("unit_name", "") or row["name"], intake=True, time_zone=row["time_zone"]
    )
    charge = _charge(row, unit, (valid_from, valid_until), line)
    return Body(
        country=_matching(
            row["country"], COUNTRY.fullmatch(row["country"]), "a country code (two capitals)"
        ),
        key=_matching(row["key"], KEY.fullmatch(row["key"]), "a key (capitals, digits, - and _)"),
        name=row["name"],
        names={},
        type=_matching(
            row["type"], row["type"] in AGENCY_TYPES, f"one of {', '.join(AGENCY_TYPES)}"
        ),
        level=_matching(row["level"], row["level"] in LEVELS, f"one of {', '.join(LEVELS)}"),
        parent=row.get("parent", "") or None,
        confidential=_flag(row.get("confidential", "")),
        source=row["source"],
        valid_from=valid_from,
        valid_until=None,  # the row's period is the mandate's; an agency ends in its country's YAML
        desks=(desk,),
        charges=(charge,) if charge else (),
        line=line,
    )


def _charge(
    row: Mapping[str, str], unit: str, period: tuple[date, date | None], line: int
) -> Charge | None:
    mandate = row.get("mandate", "")
    if not mandate:
        return None
    _matching(mandate, MANDATE.fullmatch(mandate), "a mandate code (capitals, digits, _)")
    priority = row.get("priority", "") or str(PRIORITY)
    digits = priority.isascii() and priority.isdigit() and len(priority) < 10  # noqa: PLR2004 (an int4)
    return Charge(
        mandate,
        row.get("jurisdiction", "") or row["country"],
        unit,
        int(_matching(priority, digits, "a number from 0")),
        _flag(row.get("fall_back", "")),
        row["source"],
        *period,
        line,
    )


def _add(bodies: dict[tuple[str, str], Body], body: Body) -> None:
    """Rows of one agency become one; what they say of the agency itself must agree."""
    known = bodies.setdefault((body.country, body.key), body)
    if known is body:
        return
    for name in ("name", "type", "level", "parent", "confidential"):
        if getattr(known, name) != getattr(body, name):
            message = (
                f"{body.key} has another {name} than in line {known.line}; the row was left out."
            )
            raise _Unreadable(message, "One agency has one: make the rows agree.")
    for charge in body.charges:
        if any(charge.slot == other.slot and charge.overlaps(other) for other in known.charges):
            message = f"{body.key} serves {charge.mandate} in {charge.place} already; row left out."
            raise _Unreadable(message, "Keep one of the rows.")
    desks = {desk.key: desk for desk in (*body.desks, *known.desks)}
    bodies[body.country, body.key] = replace(
        known,
        desks=tuple(desks.values()),
        charges=(*known.charges, *body.charges),
        valid_from=min(known.valid_from, body.valid_from),
    )


def _consistent(register: Register, problems: Iterable[Problem]) -> Register:
    """The register less the agencies that do not hold together."""
    found = check(register)
    wrong = {problem.line for problem in found}
    good = [
        body
        for body in register.bodies
        if not wrong & {body.line, *(charge.line for charge in body.charges)}
    ]
    return replace(register, bodies=tuple(good), problems=tuple(sorted({*problems, *found})))


def _matching(value: str, matches: object, what: str) -> str:
    if not matches:
        message = f"{value!r} is not {what}."
        raise _Unreadable(message, "Correct the row and import the file again.")
    return value


def _flag(value: str) -> bool:
    _matching(value, value.lower() in _FLAGS, "true or false")
    return _FLAGS[value.lower()]


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        message = f"{value!r} is no day of the calendar."
        raise _Unreadable(message, "Write it YYYY-MM-DD.") from None
