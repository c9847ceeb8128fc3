"""A release laid out as tables: of each, the whole period first, quarters of it folded in below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from referral.figures.release_document import ALL

_MARKS = {"": "", "c": "c", "r": " r"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One period of one table: what the columns are, then rows of words and numbers as text."""

    period: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class ReleasedTable:
    """One table: the whole period, and its quarters."""

    title: str
    whole: Sheet
    quarters: tuple[Sheet, ...]


@dataclass(frozen=True, slots=True)
class ReleaseTables:
    """All of a release, what the flags mean, and what is not counted and why."""

    tables: tuple[ReleasedTable, ...]
    flags: tuple[tuple[str, str], ...]
    not_counted: tuple[tuple[str, str], ...]
    given_up: tuple[str, ...]


def tables_of(content: bytes) -> ReleaseTables:
    """A document as ``figures.release_document`` writes it."""
    told = orjson.loads(content)
    return ReleaseTables(
        tables=tuple(_table(one, told["dimensions"]) for one in told["tables"]),
        flags=tuple(sorted(told["flags"].items())),
        not_counted=tuple((one["title"], one["why"]) for one in told["not_counted"]),
        given_up=tuple(" and ".join(one).replace("_", " ") or "all" for one in told["given_up"]),
    )


def _table(told: Mapping[str, Any], dimensions: Mapping[str, Mapping[str, str]]) -> ReleasedTable:
    first, second = (dimensions[name] for name in told["crosses"][1:])
    numbers = {tuple(row["cell"]): _words(row) for row in told["rows"]}
    periods = list(dict.fromkeys(row["cell"][0] for row in told["rows"]))
    sheets = [
        Sheet(period, _names(second), tuple(_rows(period, first, second, numbers)))
        for period in periods
    ]
    return ReleasedTable(told["title"], sheets[0], tuple(sheets[1:]))


def _rows(
    period: str,
    first: Mapping[str, str],
    second: Mapping[str, str],
    numbers: Mapping[tuple[str, ...], str],
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for code, words in zip((ALL, *first), _names(first), strict=True):
        yield words, tuple(numbers[period, code, other] for other in (ALL, *second))


def _names(codes: Mapping[str, str]) -> tuple[str, ...]:
    return ("Everybody", *codes.values())


def _words(row: Mapping[str, Any]) -> str:
    number = "" if row["people"] is None else f"{row['people']:,}"
    percent = row.get("percent")
    return f"{number}{_MARKS[row['flag']]}" + (f" ({percent} %)" if percent is not None else "")
