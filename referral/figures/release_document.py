"""A release as it is published: one JSON document, and the same as a table of commas.

The same numbers make the same bytes: nothing in it says when or by whom it was made.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import orjson

from referral.figures.disclosure import settled, share_of
from referral.figures.effort import Effort
from referral.figures.fixed_tables import OTHER_PLACES, PERIOD, PLACE, Fixed, Table
from referral.figures.puzzle import SMALL
from referral.figures.quantities import Counted, Counts, Quantities, key_of, quantities, year_of
from referral.figures.shown import Form, Release, Shown

_NOWHERE: Final = "nowhere"  # people whose place is none of the country's
ALL: Final = "*"  # the total over a dimension
FORMAT: Final = "referral-release-1"
_RULES: Final = {
    "c": "left out: 1 to 10 people (D4), or so that no such number can be worked out (D5, D8)",
    "r": "rounded down to a multiple of 10, since it includes a number left out (D6)",
}


@dataclass(frozen=True, slots=True)
class Ground:
    """What a release is made from. ``counts``: by table; ``places``: code to name, of the country.

    ``period``: a year ("2026": it and its quarters) or a quarter of it ("2026-Q1"). ``earlier``:
    documents published of the same year and of any quarter of it, oldest first.
    """

    country: str
    period: str
    places: Mapping[str, str]
    counts: Mapping[str, Counts]
    earlier: Sequence[bytes] = ()


def quarters(period: str) -> tuple[str, ...]:
    """The quarters of a year, as they are called; of a quarter itself."""
    if year_of(period) != period:
        return (period,)
    return tuple(f"{period}-Q{n}" for n in range(1, 5))


def release(fixed: Fixed, ground: Ground, effort: Effort | None = None) -> bytes:
    """The document: canonical JSON. Disclosure control is done here and nowhere after.

    Raises UnprovedError, AbandonedError.
    """
    apart = _places_apart(fixed, ground)
    values = _values(fixed, ground, apart)
    counted = [
        Counted(
            table.crosses,
            tuple(tuple(values[name]) for name in table.crosses),
            _merged(table, ground.counts.get(table.name, {}), apart),
        )
        for table in fixed.counted
    ]
    numbers = quantities(counted)
    _know_of_merged(numbers, fixed, ground, apart)
    found = settled(numbers, [_numbers(one) for one in ground.earlier], effort)
    shown = found.numbers
    document = {
        "format": FORMAT,
        "country": ground.country,
        "year": int(year_of(ground.period)),
        "period": ground.period,
        "version": fixed.version,
        "definition": fixed.digest,
        "flags": _RULES,
        "given_up": [list(names) for names in found.given_up],
        "dimensions": {name: dict(codes) for name, codes in values.items()},
        "tables": [_table(table, values, shown) for table in fixed.counted],
        "not_counted": [{"title": one.title, "why": one.why} for one in fixed.tables if one.why],
    }
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def _know_of_merged(
    numbers: Quantities, fixed: Fixed, ground: Ground, apart: frozenset[str]
) -> None:
    """That a place stands among the others says that it has ten people at most (D7).

    If two such places made 19 together, each would have 9 or 10. So they are part of the puzzle.
    """
    period, merged = ground.period, sorted(set(ground.places) - apart)
    together = key_of(period, [(PLACE, OTHER_PLACES)])
    if len(merged) < 2 or not numbers.people.get(together):  # noqa: PLR2004 - one alone is told by D4
        return
    people = _by_place(fixed, ground)
    keys = {place: key_of(period, [(PLACE, place)]) for place in (*merged, _NOWHERE)}
    rest = numbers.people[together] - sum(people[place] for place in merged)
    for place, key in keys.items():
        numbers.people[key] = people[place] if place != _NOWHERE else rest
        known = place != _NOWHERE and not ground.earlier
        numbers.unlisted[key] = (0, SMALL if known else None)
    if not rest:
        for known_of in (numbers.people, numbers.unlisted):
            known_of.pop(keys[_NOWHERE])
        del keys[_NOWHERE]
    numbers.add(together, tuple(keys.values()))


def _by_place(fixed: Fixed, ground: Ground) -> dict[str, int]:
    """People of the whole period by place."""
    table = next(one for one in fixed.counted if PLACE in one.crosses)
    at, people = table.crosses.index(PLACE), dict.fromkeys(ground.places, 0)
    for cell, count in ground.counts.get(table.name, {}).items():
        if cell[0] in quarters(ground.period):
            people[cell[at]] = people.get(cell[at], 0) + count
    return people


def _places_apart(fixed: Fixed, ground: Ground) -> frozenset[str]:
    """Places shown by themselves (D7): those of 11 or more; as before in a later release.

    So the first release of a year or of any of its quarters settles it for the year: if "other
    places" were others each time, one would be the difference of two of them (D8).
    """
    if ground.earlier:
        return frozenset(orjson.loads(ground.earlier[0])["dimensions"][PLACE]) - {OTHER_PLACES}
    people = _by_place(fixed, ground)
    return frozenset(place for place in ground.places if people[place] > SMALL)


def _values(fixed: Fixed, ground: Ground, apart: frozenset[str]) -> dict[str, dict[str, str]]:
    found = {name: dict(one.values) for name, one in fixed.dimensions.items()}
    found[PERIOD] = {quarter: quarter for quarter in quarters(ground.period)}
    named = {code: ground.places.get(code, code) for code in sorted(apart)}
    found[PLACE] = named | {OTHER_PLACES: "Other places"}
    return found


def _merged(table: Table, counts: Counts, apart: frozenset[str]) -> Counts:
    if PLACE not in table.crosses:
        return counts
    at, found = table.crosses.index(PLACE), dict[tuple[str, ...], int]()
    for cell, count in counts.items():
        place = cell[at] if cell[at] in apart else OTHER_PLACES
        key = (*cell[:at], place, *cell[at + 1 :])
        found[key] = found.get(key, 0) + count
    return found


def _table(table: Table, values: Mapping[str, Mapping[str, str]], shown: Release) -> dict[str, Any]:
    return {
        "table": table.name,
        "title": table.title,
        "crosses": list(table.crosses),
        "rows": [_row(table, cell, shown) for cell in _cells(table, values)],
    }


def _cells(table: Table, values: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, ...]]:
    periods = [*values[PERIOD]]
    first = [year_of(periods[0]), *periods] if len(periods) > 1 else periods
    yield from product(first, *([ALL, *values[name]] for name in table.crosses[1:]))


def _row(table: Table, cell: tuple[str, ...], shown: Release) -> dict[str, Any]:
    rest = [pair for pair in zip(table.crosses[1:], cell[1:], strict=True) if pair[1] != ALL]
    here = shown[key_of(cell[0], rest)]
    row: dict[str, Any] = {"cell": list(cell), "people": here.people, "flag": here.form.value}
    if table.shares in dict(rest):
        whole = shown[key_of(cell[0], [pair for pair in rest if pair[0] != table.shares])]
        row["percent"] = share_of(here, whole)
    return row


def _numbers(document: bytes) -> Release:
    """The numbers of a document, by what they count."""
    found: dict[Any, Shown] = {}
    for table in orjson.loads(document)["tables"]:
        names = table["crosses"][1:]
        for row in table["rows"]:
            pairs = zip(names, row["cell"][1:], strict=True)
            key = key_of(row["cell"][0], (pair for pair in pairs if pair[1] != ALL))
            found[key] = Shown(Form(row["flag"]), row["people"])
    return found


def row_counts(document: bytes) -> dict[str, int]:
    """By table, how many rows were released (D12)."""
    return {one["table"]: len(one["rows"]) for one in orjson.loads(document)["tables"]}


def as_csv(document: bytes) -> bytes:
    """All tables below one another: table, period, one or two dimensions, people, flag."""
    written = io.StringIO(newline="")
    lines = csv.writer(written, lineterminator="\r\n")
    head = ("table", "period", "first_dimension", "first_value", "second_dimension", "second_value")
    lines.writerow((*head, "people", "flag", "percent"))
    for table in orjson.loads(document)["tables"]:
        names = [*table["crosses"][1:], "", ""][:2]
        for row in table["rows"]:
            told = [*row["cell"][1:], "", ""][:2]
            pairs = (names[0], told[0], names[1], told[1])
            number = "" if row["people"] is None else row["people"]
            percent = row.get("percent")
            last = "" if percent is None else percent
            lines.writerow((table["table"], row["cell"][0], *pairs, number, row["flag"], last))
    return written.getvalue().encode()
