"""The folder of country files, read from disk: one shelf per country.

The only place where the law is read from files. What is wrong is added to the problems; whoever
asks for shelves settles them before anything is used. This file knows no day and no referral.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from protocols.compiler import compile_track
from protocols.country import Country
from protocols.country_facts import OwnFact, translated
from protocols.country_file import cited_in, read_country
from protocols.document import plain, read
from protocols.problems import Problems, Spot
from protocols.protocol import Protocol
from protocols.vocabulary import COUNTRIES, Vocabulary, read_vocabulary
from protocols.working_time import Calendars

FOLDER = COUNTRIES
_COUNTRY, _CALENDARS, CASES = "country.yaml", "calendars.yaml", "cases.yaml"


@dataclass(frozen=True, slots=True)
class Shelf:
    """One country with its calendars and every version of its tracks, oldest first."""

    country: Country
    calendars: Calendars
    versions: tuple[Protocol, ...]
    folder: Path
    vocabulary: Vocabulary  # the closed list with this country's own facts
    cited: tuple[str, ...]  # by country.yaml itself


def read_shelves(folder: Path, problems: Problems, only: Iterable[str] = ()) -> dict[str, Shelf]:
    """Every country of the folder that can be read; use it only if no error was added."""
    wanted = {code.upper() for code in only}
    vocabulary, own = read_vocabulary(folder, problems)
    shelves: dict[str, Shelf] = {}
    for place in sorted(folder.iterdir()):
        if place.is_dir() and (not wanted or place.name.upper() in wanted):
            facts = [fact for fact in own if fact.entry.country == place.name.upper()]
            shelf = _read_shelf(place, vocabulary.in_country(place.name), facts, problems)
            if shelf is not None:
                shelves[place.name.upper()] = shelf
    for code in sorted(wanted - {place.name.upper() for place in folder.iterdir()}):
        problems.error(
            Spot(str(folder)),
            f"there is no country '{code}'",
            f"Use one of {', '.join(sorted(place.name.upper() for place in folder.iterdir()))}",
        )
    return shelves


def _read_shelf(
    folder: Path, vocabulary: Vocabulary, own: Iterable[OwnFact], problems: Problems
) -> Shelf | None:
    item = read(text_of(folder / _COUNTRY, problems), name_of(folder / _COUNTRY), problems)
    if item is None:
        return None
    country = read_country(item, problems)
    if country.iso2 != folder.name.upper():
        problems.error(
            item.spot,
            f"the folder '{folder.name}' holds the country '{country.iso2}'",
            "Name the folder after the two-letter code",
        )
    translated(own, country.languages, problems)
    calendars = _calendars(folder / _CALENDARS, country, problems)
    if calendars is None:
        return None
    versions = [
        version
        for path in sorted(folder.glob("*/*.yaml"))
        if (version := _track(path, country, calendars, vocabulary, problems)) is not None
    ]
    if country.default_track not in {version.track for version in versions}:
        problems.error(
            item.spot,
            f"the default track '{country.default_track}' does not exist",
            "Name the track that asks first when nothing certain is known",
        )
    versions.sort(key=lambda version: (version.track, version.in_force_from))
    return Shelf(
        country, calendars, tuple(versions), folder, vocabulary, (*cited_in(item), *country.cited)
    )


def _track(
    path: Path,
    country: Country,
    calendars: Calendars,
    vocabulary: Vocabulary,
    problems: Problems,
) -> Protocol | None:
    item = read(text_of(path, problems), name_of(path), problems)
    if item is None:
        return None
    protocol = compile_track(item, country, calendars, vocabulary, problems)
    named = f"{protocol.track}/{protocol.version}"
    if named != f"{path.parent.name}/{path.stem}":
        problems.error(
            item.spot,
            f"the file says {named} and is named {path.parent.name}/{path.stem}",
            "Name it <track>/<day it takes force>.yaml: a version is found by its name",
        )
    return protocol


def _calendars(path: Path, country: Country, problems: Problems) -> Calendars | None:
    item = read(text_of(path, problems), name_of(path), problems)
    if item is None:
        return None
    try:
        return Calendars.from_mapping(plain(item), country.time_zone)
    except (ValueError, KeyError, TypeError) as error:
        problems.error(
            Spot(name_of(path)), f"the calendars cannot be read: {error}", "Correct calendars.yaml"
        )
        return None


def text_of(path: Path, problems: Problems) -> str:
    """The text of a file; empty, with a problem added, when there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.error(Spot(name_of(path)), f"the file cannot be read: {error}", "Provide it")
        return ""


def name_of(path: Path) -> str:
    """The file as a reader names it: country, track, version."""
    parts = path.parts
    return "/".join(parts[parts.index("countries") + 1 :] if "countries" in parts else parts[-3:])
