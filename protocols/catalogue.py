"""All countries, compiled once and asked many times: which protocol stands on which day.

Reads the folder of country files; nothing else here touches a disk. Either everything loads or
``ProblemsFound`` is raised with every problem of every file: there are no partial loads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from protocols.compiler import compile_track
from protocols.country import Country, cited_in, read_country
from protocols.document import read
from protocols.law import Stage
from protocols.problems import Problems, Spot
from protocols.protocol import Protocol
from protocols.vocabulary import Vocabulary, load_vocabulary
from protocols.working_time import Calendar, Calendars

FOLDER = Path(__file__).parent / "countries"

_COUNTRY, _CALENDARS, CASES = "country.yaml", "calendars.yaml", "cases.yaml"


@dataclass(frozen=True, slots=True)
class Shelf:
    """One country with its calendars and every version of its tracks, oldest first."""

    country: Country
    calendars: Calendars
    versions: tuple[Protocol, ...]
    folder: Path
    screening_sources: tuple[str, ...]  # cited by country.yaml itself


@dataclass(frozen=True)
class Catalogue:
    """Every country there is. Country codes are ISO 3166-1 alpha-2, in either case."""

    shelves: Mapping[str, Shelf]

    @classmethod
    def load(cls, folder: Path | None = None, only: Iterable[str] = ()) -> Catalogue:
        """Compile all countries (or only these). Raises ProblemsFound with every problem."""
        problems = Problems()
        shelves = read_shelves(folder or FOLDER, problems, only)
        problems.settle()
        return cls(shelves)

    @property
    def countries(self) -> tuple[str, ...]:
        """The codes, sorted."""
        return tuple(sorted(self.shelves))

    def country(self, iso2: str) -> Country:
        """One country. Raises LookupError naming the known ones."""
        return self._shelf(iso2).country

    def in_force(self, country: str, on: date) -> tuple[Protocol, ...]:
        """The version of each track that stands on that day, by name of the track."""
        return standing_on(self._shelf(country).versions, on)

    def pinned(self, country: str, track: str, version: str, digest: str) -> Protocol:
        """Exactly the version a referral was filed under.

        Raises LookupError when it is not there, or when its law is no longer what it was.
        """
        for one in self._shelf(country).versions:
            if (one.track, one.version) == (track, version):
                if one.digest == digest:
                    return one
                message = (
                    f"{country} {track} {version} was changed after it took force: a referral"
                    f" filed under {digest[:12]}… cannot be continued under {one.digest[:12]}…."
                    " Restore the file and write the change as a new version."
                )
                raise LookupError(message)
        known = ", ".join(f"{one.track} {one.version}" for one in self._shelf(country).versions)
        message = f"{country} has no version {version} of track '{track}'; there are: {known}"
        raise LookupError(message)

    def version_of(self, country: str, track: str, version: str | None = None) -> Protocol:
        """One version of a track, the latest if none is named. Raises LookupError."""
        versions = self._shelf(country).versions
        found = [one for one in versions if one.track == track and version in {None, one.version}]
        if found:
            return found[-1]
        known = ", ".join(f"{one.track} {one.version}" for one in versions)
        message = f"{country} has no track '{track}' {version or ''}; there are: {known}"
        raise LookupError(message)

    def calendar(self, country: str, mandate: str, place: str) -> Calendar:
        """The calendar by which a mandate works at a place (ISO 3166-2 or the country's code)."""
        return self._shelf(country).calendars.of(mandate, place)

    def _shelf(self, iso2: str) -> Shelf:
        shelf = self.shelves.get(iso2.upper())
        if shelf is None:
            message = f"there is no country '{iso2}'; there are: {', '.join(self.countries)}"
            raise LookupError(message)
        return shelf


def standing_on(versions: Iterable[Protocol], on: date) -> tuple[Protocol, ...]:
    """The latest version of each track in force on that day, by name of the track."""
    standing: dict[str, Protocol] = {}
    for version in versions:  # oldest first
        if version.stage is Stage.IN_FORCE and version.in_force_from <= on:
            standing[version.track] = version
    return tuple(standing[track] for track in sorted(standing))


def read_shelves(folder: Path, problems: Problems, only: Iterable[str] = ()) -> dict[str, Shelf]:
    """Every country of the folder that can be read; use it only if no error was added."""
    wanted = {code.upper() for code in only}
    vocabulary = load_vocabulary()
    shelves: dict[str, Shelf] = {}
    for place in sorted(folder.iterdir()):
        if place.is_dir() and (not wanted or place.name.upper() in wanted):
            shelf = _read_shelf(place, vocabulary, problems)
            if shelf is not None:
                shelves[place.name.upper()] = shelf
    for code in sorted(wanted - {place.name.upper() for place in folder.iterdir()}):
        problems.error(
            Spot(str(folder)),
            f"there is no country '{code}'",
            f"Use one of {', '.join(sorted(place.name.upper() for place in folder.iterdir()))}",
        )
    return shelves


def _read_shelf(folder: Path, vocabulary: Vocabulary, problems: Problems) -> Shelf | None:
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
    return Shelf(country, calendars, tuple(versions), folder, cited_in(item))


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
    try:
        raw = YAML(typ="safe", pure=True).load(text_of(path, problems))
        return Calendars.from_mapping(raw, country.time_zone)
    except (ValueError, KeyError, TypeError, YAMLError) as error:
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
