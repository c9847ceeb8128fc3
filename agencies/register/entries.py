"""A register as written down: frozen values that remember their line.

What this file must never know: how they were spelled (YAML, CSV), and where they will be stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong where, and how to put it right. Ordered by file and line."""

    file: str
    line: int  # counted from 1
    message: str
    remedy: str

    def __str__(self) -> str:
        """One line, as compilers print it."""
        return f"{self.file}:{self.line}: {self.message} {self.remedy}"


@dataclass(frozen=True, slots=True)
class Place:
    """A jurisdiction: code, kind (country, subdivision, locality, group), members if a group."""

    code: str
    kind: str
    parent: str | None
    names: Mapping[str, str]
    members: tuple[str, ...] = ()
    line: int = 1


@dataclass(frozen=True, slots=True)
class Desk:
    """A unit of an agency."""

    key: str
    name: str
    intake: bool
    time_zone: str


@dataclass(frozen=True, slots=True)
class Charge:
    """A mandate given to an agency's unit at a place, from a day, until before another."""

    mandate: str
    place: str
    desk: str
    priority: int
    fall_back: bool
    source: str
    valid_from: date
    valid_until: date | None
    line: int = 1

    @property
    def slot(self) -> tuple[str, str, str]:
        """What may be in force only once at a time: unit, mandate, place."""
        return (self.desk, self.mandate, self.place)

    def overlaps(self, other: Charge) -> bool:
        """Whether some day is in both periods."""
        ends, other_ends = self.valid_until or date.max, other.valid_until or date.max
        return self.valid_from < other_ends and other.valid_from < ends


@dataclass(frozen=True, slots=True)
class Body:
    """An agency with its units and mandates."""

    country: str
    key: str
    name: str
    names: Mapping[str, str]
    type: str
    level: str
    parent: str | None
    confidential: bool
    source: str
    valid_from: date
    valid_until: date | None
    desks: tuple[Desk, ...]
    charges: tuple[Charge, ...]
    line: int = 1


@dataclass(frozen=True, slots=True)
class Register:
    """Everything one file says.

    ``complete``: the file is a whole country, all or nothing; mandates it no longer lists have
    ended. Otherwise rows stand alone: the good are entered, nothing is ended by silence.
    """

    file: str
    complete: bool
    country: str | None = None
    places: tuple[Place, ...] = ()
    bodies: tuple[Body, ...] = ()
    problems: tuple[Problem, ...] = ()

    def problem(self, line: int, message: str, remedy: str) -> Problem:
        """What is wrong in this file at this line."""
        return Problem(self.file, line, message, remedy)

    @classmethod
    def refused(cls, path: Path, message: str, remedy: str) -> Register:
        """A register nothing could be read from."""
        wrong = Problem(path.name, 1, f"{message}.", remedy)
        return cls(path.name, complete=True, problems=(wrong,))
