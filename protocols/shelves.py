"""The folder of country files, read from disk: one shelf per country.

The only place where the law is read from files. What is wrong is added to the problems; whoever
asks for shelves settles them before anything is used. This file knows no day and no referral.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from protocols.calendar_file import read_calendars
from protocols.compiler import compile_track
from protocols.country import Country
from protocols.country_facts import FACTS, OwnFact, translated
from protocols.country_file import cited_in, read_country
from protocols.document import read
from protocols.entered_days import EnteredDay
from protocols.letters import LETTERS, Letter, read_letters
from protocols.problems import Problems, Spot
from protocols.protocol import Protocol
from protocols.versions import released_intact, succession
from protocols.vocabulary import COUNTRIES, Vocabulary, read_vocabulary
from protocols.working_time import Calendars

FOLDER = COUNTRIES
RELEASED = "released.yaml"
_COUNTRY, CALENDARS, CASES = "country.yaml", "calendars.yaml", "cases.yaml"
_FILES = frozenset({_COUNTRY, CALENDARS, CASES, FACTS, LETTERS})


@dataclass(frozen=True, slots=True)
class Shelf:
    """One country with its calendars and every version of its tracks, oldest first."""

    country: Country
    calendars: Calendars
    versions: tuple[Protocol, ...]
    folder: Path
    vocabulary: Vocabulary  # the closed list with this country's own facts
    cited: tuple[str, ...]  # by country.yaml itself
    letters: Mapping[str, Letter]  # by document

    def with_days(self, days: tuple[EnteredDay, ...]) -> Shelf:
        """The same country with all the days that were entered since, and no others."""
        calendars = replace(self.calendars, entered=days)
        versions = tuple(one.counting_on(calendars) for one in self.versions)
        return replace(self, calendars=calendars, versions=versions)

    def going_on(self) -> Shelf:
        """The same country, counting by the week alone where no holidays are entered."""
        calendars = replace(self.calendars, goes_on=True)
        versions = tuple(replace(one, calendars=calendars) for one in self.versions)
        return replace(self, calendars=calendars, versions=versions)


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
    _released(folder, shelves, problems)
    for code in sorted(wanted - {place.name.upper() for place in folder.iterdir()}):
        problems.error(
            Spot(str(folder)),
            f"there is no country '{code}'",
            f"Use one of {', '.join(sorted(place.name.upper() for place in folder.iterdir()))}",
        )
    return shelves


def _released(folder: Path, shelves: Mapping[str, Shelf], problems: Problems) -> None:
    """What was released is there as it was; without the file nothing was released."""
    if not (folder / RELEASED).is_file():
        return
    item = read(text_of(folder / RELEASED, problems), RELEASED, problems)
    if item is not None:
        versions = [version for shelf in shelves.values() for version in shelf.versions]
        there_are = {place.name.upper() for place in folder.iterdir() if place.is_dir()}
        # A country that was not asked for, or could not be read, is not looked at.
        released_intact(item, versions, there_are - set(shelves), problems)


def _strangers(folder: Path, problems: Problems) -> None:
    """A file nobody reads is law nobody follows: its name is misspelt."""
    tracks = (path for path in folder.glob("*/*.y*ml") if path.suffix != ".yaml")
    own = (path for path in folder.glob("*.y*ml") if path.name not in _FILES)
    for path in sorted((*own, *tracks)):
        problems.error(
            Spot(name_of(path)),
            f"'{path.name}' is no file of a country, and nothing of it was read",
            f"Use one of {', '.join(sorted(_FILES))}, or <track>/<day it takes force>.yaml",
        )


def _read_shelf(
    folder: Path,
    vocabulary: Vocabulary,
    own: Iterable[OwnFact],
    problems: Problems,
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
    days = read(text_of(folder / CALENDARS, problems), name_of(folder / CALENDARS), problems)
    calendars = read_calendars(
        days, country.time_zone, country.mandates, problems, country.calendar_era
    )
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
    tracks = {version.track for version in versions}
    for track in sorted({name for row in country.retention for name in row.tracks} - tracks):
        problems.error(
            item.spot,
            f"'retention' names the track '{track}', which does not exist",
            f"Use one of {', '.join(sorted(tracks))}, or correct the spelling",
        )
    versions.sort(key=lambda version: (version.track, version.in_force_from))
    succession(versions, problems)
    _strangers(folder, problems)
    return Shelf(
        country,
        calendars,
        tuple(versions),
        folder,
        vocabulary,
        (*cited_in(item), *country.cited),
        _letters(folder, country, problems),
    )


def _letters(folder: Path, country: Country, problems: Problems) -> Mapping[str, Letter]:
    """A country may do without letters of its own."""
    path = folder / LETTERS
    item = read(text_of(path, problems), name_of(path), problems) if path.is_file() else None
    return read_letters(item, country, problems) if item is not None else {}


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
    return "/".join(parts[-3:] if path.stem[:1].isdigit() else parts[-2:])
