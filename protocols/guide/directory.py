"""Who is who in one town, as somebody hands it in: a mandate, and who has it there.

1. This is the only thing a guide knows of agencies; where it comes from is not its business.
2. A body whose place is secret has no name here either: ``confidential`` and nothing else.
3. What is wrong in a file is said all at once, with the way to put it right.

The file::

    {"place": "ZZ-N", "name": "North",
     "mandates": {"POLICE": {"name": "City police of the North", "unit": "Duty desk",
                             "telephone": "111", "night": "112"}},
     "national": {"POLICE": {"name": "…"}}}

``national`` is for mandates that are asked at national level; where it says nothing, ``mandates``
answers.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from protocols.problems import Problems, Spot

_TOP = ("place", "name", "mandates", "national")
_WORDS = ("name", "unit", "telephone", "night", "address")
_FLAGS = ("confidential", "stands_in")


@dataclass(frozen=True, slots=True)
class Contact:
    """Who has a mandate: the body, its desk, how it is reached by day and by night.

    ``stands_in``: nobody holds the mandate here, and this body is asked instead.
    """

    name: str = ""
    unit: str = ""
    telephone: str = ""
    night: str = ""
    address: str = ""
    confidential: bool = False
    stands_in: bool = False


@dataclass(frozen=True, slots=True)
class Directory:
    """One town: its code and name, and who has which mandate."""

    place: str
    name: str
    mandates: Mapping[str, Contact] = field(default_factory=lambda: MappingProxyType({}))
    national: Mapping[str, Contact] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, mandate: str, *, national: bool = False) -> Contact | None:
        """Who has this mandate here (or for the whole country); None when nobody is known."""
        found = self.national.get(mandate) if national else None
        return found or self.mandates.get(mandate)


def read_directory(path: Path, known: Collection[str]) -> Directory:
    """The directory in a JSON file; ``known`` are the country's mandates. Raises ProblemsFound."""
    problems = Problems()
    written = _object(path, problems)
    _keys(written, _TOP, "the directory", path, problems)
    if not isinstance(written.get("place"), str):
        problems.error(Spot(path.name), "'place' is missing", "Name the town's code: ZZ-N")
    parts = {
        part: _contacts(written.get(part, {}), part, path, known, problems)
        for part in ("mandates", "national")
    }
    problems.settle()
    place = written["place"]
    return Directory(place, str(written.get("name", place)), **parts)


def _object(path: Path, problems: Problems) -> Mapping[str, Any]:
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        spot = Spot(path.name, error.lineno, error.colno)
        problems.error(spot, f"this is not JSON: {error.msg}", "Correct it here")
        written = {}
    except (OSError, UnicodeDecodeError) as error:
        problems.error(Spot(path.name), f"the file cannot be read: {error}", "Name another file")
        written = {}
    problems.settle()
    if isinstance(written, dict):
        return written
    problems.error(Spot(path.name), "the file holds no object", f"Write {{{', '.join(_TOP)}}}")
    return {}


def _contacts(
    written: object, part: str, path: Path, known: Collection[str], problems: Problems
) -> dict[str, Contact]:
    if not isinstance(written, dict):
        problems.error(Spot(path.name), f"'{part}' is no object", "Write mandate: {name: …}")
        return {}
    for mandate in written:
        if mandate not in known:
            problems.error(
                Spot(path.name),
                f"'{mandate}' under '{part}' is no mandate of this country",
                f"Use one of {', '.join(sorted(known))}",
            )
    return {mandate: _contact(one, mandate, path, problems) for mandate, one in written.items()}


def _contact(written: object, mandate: str, path: Path, problems: Problems) -> Contact:
    given = written if isinstance(written, dict) else {}
    _keys(given, (*_WORDS, *_FLAGS), f"'{mandate}'", path, problems)
    words = {key: given[key] for key in _WORDS if key in given}
    flags = {key: given[key] for key in _FLAGS if key in given}
    named = bool(words.get("name")) or flags.get("confidential") is True
    texts = all(isinstance(one, str) for one in words.values())
    if not (named and texts and all(isinstance(one, bool) for one in flags.values())):
        problems.error(
            Spot(path.name),
            f"'{mandate}' does not say who it is",
            f"Write texts for {', '.join(_WORDS)} (at least the name),"
            f" true or false for {', '.join(_FLAGS)}",
        )
        return Contact()
    if flags.get("confidential"):
        words = {}
    return Contact(**words, **flags)


def _keys(
    given: Mapping[str, Any],
    allowed: tuple[str, ...],
    where: str,
    path: Path,
    problems: Problems,
) -> None:
    for key in given:
        if key not in allowed:
            problems.error(
                Spot(path.name),
                f"{where} has the unknown key '{key}'",
                f"The keys are {', '.join(allowed)}",
            )
