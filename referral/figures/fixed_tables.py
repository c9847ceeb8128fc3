"""The tables that may be published, as data: what each crosses, and which values there are.

Standards 6.3: D1 fixed in advance, D2 three dimensions at most, D3 quarter, ISO 3166-2, age bands.
The file is checked when it is read; a table that breaks a rule stops the start of whoever asks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

PERIOD: Final = "period"
PLACE: Final = "place"
OTHER_PLACES: Final = "other"  # D7
ALONE_WITH_PERIOD: Final = "nationality"  # D2
_MOST: Final = 3
_FILE: Final = Path(__file__).with_name("fixed_tables.yaml")


@dataclass(frozen=True, slots=True)
class Dimension:
    """One way to tell people apart; ``values``: code to words, empty where a release fills it."""

    name: str
    title: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """One table: period first. ``why``: the reason it is not counted, else empty."""

    name: str
    title: str
    crosses: tuple[str, ...]
    shares: str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Fixed:
    """All of it; ``digest`` is of the file's bytes and stands in each release."""

    version: str
    dimensions: Mapping[str, Dimension]
    tables: tuple[Table, ...]
    digest: str

    @property
    def counted(self) -> tuple[Table, ...]:
        """Those that can be counted without opening anybody's identity."""
        return tuple(table for table in self.tables if not table.why)


def read(text: bytes) -> Fixed:
    """Read the file. Raises ValueError for a table that breaks D1 to D3."""
    told = yaml.safe_load(text)
    dimensions = {name: _dimension(name, one) for name, one in told["dimensions"].items()}
    tables = tuple(_table(name, one, dimensions) for name, one in told["tables"].items())
    return Fixed(told["version"], dimensions, tables, hashlib.sha256(text).hexdigest())


def _dimension(name: str, told: Mapping[str, Any]) -> Dimension:
    values = told["values"] if isinstance(told["values"], dict) else {}
    return Dimension(name, told["title"], {str(code): words for code, words in values.items()})


def _table(name: str, told: Mapping[str, Any], known: Mapping[str, Dimension]) -> Table:
    crosses, why = tuple(told["crosses"]), "" if told.get("counted", True) else told["why"]
    wrong = [
        crosses[0] != PERIOD and "its first dimension is the period",
        len(crosses) > _MOST and "it crosses more than three (D2)",
        ALONE_WITH_PERIOD in crosses and len(crosses) > 2 and "nationality stands alone (D2)",  # noqa: PLR2004
        not why and bool(set(crosses) - set(known)) and "a dimension is not described",
        told.get("shares") not in (None, *crosses[1:]) and "it shares out what it does not cross",
    ]
    for problem in filter(None, wrong):
        raise ValueError(f"The table {name} cannot be published: {problem}.")
    return Table(name, told["title"], crosses, told.get("shares"), why.strip())


@cache
def fixed() -> Fixed:
    """The tables of this version of the service."""
    return read(_FILE.read_bytes())
