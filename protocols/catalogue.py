"""All countries, compiled once and asked many times: which protocol stands on which day.

``shelves`` reads the files. Either everything loads or ``ProblemsFound`` is raised with every
problem of every file: there are no partial loads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from protocols.country import Country
from protocols.entered_days import EnteredDay
from protocols.letters import Letter
from protocols.problems import Problems
from protocols.protocol import Protocol
from protocols.shelves import FOLDER, Shelf, read_shelves
from protocols.versions import STANDING, applies_in
from protocols.vocabulary import load_vocabulary
from protocols.working_time import Calendar, Calendars, Unit


@dataclass(frozen=True)
class Catalogue:
    """Every country there is. Country codes are ISO 3166-1 alpha-2, in either case."""

    shelves: Mapping[str, Shelf]

    @classmethod
    def load(
        cls, folder: Path | None = None, only: Iterable[str] = (), *, goes_on: bool = False
    ) -> Catalogue:
        """Compile all countries (or only these). Raises ProblemsFound with every problem.

        ``goes_on`` is for a running service: where a year's holidays are not entered, a limit is
        counted by the week alone and says so, because a hand-off is never lost for want of a
        calendar. Everywhere else such a limit is refused.
        """
        problems = Problems()
        shelves = read_shelves(folder or FOLDER, problems, only)
        problems.settle()
        if folder is None:
            # The law that is taken may speak of new facts; they are read now, not at a request.
            load_vocabulary.cache_clear()
            load_vocabulary()
        if goes_on:
            shelves = {iso2: shelf.going_on() for iso2, shelf in shelves.items()}
        return cls(shelves)

    @property
    def countries(self) -> tuple[str, ...]:
        """The codes, sorted."""
        return tuple(sorted(self.shelves))

    def country(self, iso2: str) -> Country:
        """One country. Raises LookupError naming the known ones."""
        return self._shelf(iso2).country

    def day_in(self, country: str, moment: datetime) -> date:
        """The calendar day of that country. Raises LookupError naming the known ones."""
        return self.country(country).day_of(moment)

    def letters(self, iso2: str) -> Mapping[str, Letter]:
        """The official letters of a country, by document. Raises LookupError."""
        return self._shelf(iso2).letters

    def in_force(self, country: str, on: date, place: str | None = None) -> tuple[Protocol, ...]:
        """The version of each track that stands on that day, by name of the track.

        ``place``: where the person was found (ISO 3166-2): what is piloted there applies there.
        """
        return standing_on(self._shelf(country).versions, on, place)

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
        """One version of a track; if none is named the latest in force, else the latest there is.

        Raises LookupError naming those there are.
        """
        versions = self._shelf(country).versions
        found = [one for one in versions if one.track == track and version in {None, one.version}]
        if found:
            return ([one for one in found if one.stage in STANDING] or found)[-1]
        known = ", ".join(f"{one.track} {one.version}" for one in versions)
        message = f"{country} has no track '{track}' {version or ''}; there are: {known}"
        raise LookupError(message)

    def with_days(self, country: str, days: Iterable[EnteredDay]) -> Catalogue:
        """The same law; this country's calendars with all the days entered since, in order."""
        shelf = self._shelf(country).with_days(tuple(days))
        return Catalogue({**self.shelves, country.upper(): shelf})

    def calendars(self, country: str) -> Calendars:
        """The calendars of a country. Raises LookupError."""
        return self._shelf(country).calendars

    def counted_in_days(self, country: str) -> frozenset[str]:
        """Limits whose end may move with a calendar, of any version: names of clocks."""
        return frozenset(
            clock.id
            for version in self._shelf(country).versions
            for there in (version, *version.places.values())
            for clock in (*there.clocks.values(), there.review)
            if any(one.unit is not Unit.HOURS for one in (clock.limit, *clock.extends.to))
        )

    def calendar(self, country: str, mandate: str, place: str) -> Calendar:
        """The calendar by which a mandate works at a place (ISO 3166-2 or the country's code)."""
        return self._shelf(country).calendars.of(mandate, place)

    def _shelf(self, iso2: str) -> Shelf:
        shelf = self.shelves.get(iso2.upper())
        if shelf is None:
            message = f"there is no country '{iso2}'; there are: {', '.join(self.countries)}"
            raise LookupError(message)
        return shelf


def standing_on(
    versions: Iterable[Protocol], on: date, place: str | None = None
) -> tuple[Protocol, ...]:
    """The latest version of each track in force on that day, by name of the track.

    A pilot counts in its places alone; without a place, or elsewhere, the former version stands.
    """
    standing: dict[str, Protocol] = {}
    for version in versions:  # oldest first
        if version.in_force_from <= on and applies_in(version, place):
            standing[version.track] = version
    return tuple(standing[track] for track in sorted(standing))
