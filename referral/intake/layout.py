"""A layout's words as data: which label means what. Loaded from the YAML file beside this one.

A label is looked up without regard to case, accents and spaces; one that is not known is told to
whoever asks, so that nothing is guessed. What this file must never know: a row.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from ruamel.yaml import YAML

from referral.intake.table import Columns

V = TypeVar("V")


def plain(label: str) -> str:
    """The label as it is compared: small letters, no accents, single spaces."""
    letters = unicodedata.normalize("NFKD", " ".join(label.split()).casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


class Words(Generic[V]):
    """One list of labels and what each says."""

    def __init__(self, labels: Mapping[str, V]) -> None:
        """Take the labels as they are written in the layout."""
        self._meanings = {plain(str(label)): meaning for label, meaning in labels.items()}

    def __contains__(self, label: str) -> bool:
        return plain(label) in self._meanings

    def get(self, label: str, otherwise: V) -> V:
        """What the label says."""
        return self._meanings.get(plain(label), otherwise)


@dataclass(frozen=True, slots=True)
class Body:
    """A receiver of the record: an agency (and unit) of the directory, or who holds a mandate."""

    mandate: str | None = None
    agency: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything a file of this layout can say. Facts are JSON of the closed list."""

    name: str
    country: str
    mandate: str  # of the unit whose members file these records
    complaints: Columns
    persons: Columns
    reported: Words[str]
    situations: Words[Mapping[str, Any]]
    topics: Words[Mapping[str, Any]]
    places: Words[str]
    bodies: Words[Body]
    unfinished: Words[None]
    roles: Words[str]
    sexes: Words[str]
    ages: Words[Mapping[str, Any]]
    minors: Words[Mapping[str, Any]]
    nationalities: Words[bool | None]
    answers: Words[bool]


@cache
def linea145() -> Layout:
    """The layout of Argentina's line 145, 2020 and later."""
    raw = YAML(typ="safe", pure=True).load(Path(__file__).with_name("ar_linea145.yaml"))
    lists = ("reported", "situations", "topics", "places", "roles", "sexes", "ages", "minors")
    return Layout(
        name=raw["layout"],
        country=raw["country"],
        mandate=raw["mandate"],
        complaints=_columns(raw["complaints"]),
        persons=_columns(raw["persons"]),
        bodies=Words({label: Body(**body) for label, body in raw["bodies"].items()}),
        unfinished=Words(dict.fromkeys(raw["unfinished"])),
        nationalities=Words(raw["nationalities"]),
        answers=Words(raw["answers"]),
        **{name: Words(raw[name]) for name in lists},
    )


def _columns(raw: Mapping[str, list[str]]) -> Columns:
    return Columns(tuple(raw["required"]), tuple(raw["known"]))
