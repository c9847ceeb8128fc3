"""Figures as tables of commas, safe to open in a spreadsheet.

A text that a spreadsheet would take for a formula gets an apostrophe before it. A number under the
floor is an empty cell, never 0.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, fields
from datetime import date
from typing import Any, Final

from fastapi import Response

from referral.figures import Counts, Curve, Figure, Figures, Group, Kept, Measure, Times

_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_GROUP: Final = tuple(one.name for one in fields(Group))


def cell(value: object) -> object:
    """One cell: numbers as they are, texts so that none is a formula, None as nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return value
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULAS) else text


def sheet(name: str, head: Sequence[str], rows: Iterable[Iterable[object]]) -> Response:
    """A file with a head line."""
    written = io.StringIO(newline="")
    lines = csv.writer(written, lineterminator="\r\n")
    lines.writerow(head)
    lines.writerows([cell(one) for one in row] for row in rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(written.getvalue(), headers=headers, media_type="text/csv; charset=utf-8")


def figures_sheet(found: Figures) -> Response:
    """A line for each group, and one for all together."""
    groups = [("group", one) for one in found.groups]
    rows = (
        (found.cut.value, line, found.period.begins, found.period.ends, found.whose, *_row(one))
        for line, one in [*groups, ("total", found.total)]
    )
    head = ("cut", "line", "begins", "ends", "whose", *_head())
    return sheet("figures", head, rows)


def series_sheet(series: Iterable[tuple[date, Figure]]) -> Response:
    """A line for each month."""
    return sheet("months", ("month", *_head()), ((at, *_row(one)) for at, one in series))


def curve_sheet(found: Curve) -> Response:
    """A line for each step of the curve."""
    head = ("seconds", "share", "low", "high", "at_risk")
    return sheet("curve", head, (astuple(one) for one in found.points))


def _head() -> Iterator[str]:
    yield from ("agency", *_GROUP)
    yield from (one.name for one in fields(Counts))
    for measure in Measure:
        yield from (f"{measure.value}_{one.name}" for one in fields(Times))
    for ground in ("legal", "proposed"):
        yield from (f"{ground}_{one.name}" for one in fields(Kept))


def _row(figure: Figure) -> Iterator[Any]:
    yield from (figure.name, *astuple(figure.group))
    yield from astuple(figure.counts)
    for measure in Measure:
        yield from astuple(figure.times.get(measure, Times()))
    yield from (*astuple(figure.legal), *astuple(figure.proposed))
