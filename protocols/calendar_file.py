"""Reading ``calendars.yaml``: the years that are covered, and one calendar per kind of mandate.

Whatever is wrong is added to the problems, each key with its line. Which days are closed is
``closed_days``' business, what is counted on them is never known here.
"""

from __future__ import annotations

from collections.abc import Collection

from protocols.calendars import DESCRIPTION_KEYS
from protocols.document import Item, plain
from protocols.problems import Problems
from protocols.section import EARLIEST_YEAR, LATEST_YEAR, Section
from protocols.working_time import Calendars

_KEYS = ("version", "language", "covered", "default", "calendars")


def read_calendars(
    item: Item | None, time_zone: str, mandates: Collection[str], problems: Problems
) -> Calendars:
    """The calendars of a country; none at all, with every problem added, if they are wrong."""
    none = Calendars({}, "", time_zone, range(0), "en", "")
    if item is None:
        return none
    before = len(problems.errors)
    section = Section(item, "calendars.yaml", problems, required=_KEYS)
    _covered(section)
    for name, one in section.section("calendars"):
        calendar = Section(one, f"the calendar '{name}'", problems, optional=DESCRIPTION_KEYS)
        _served(calendar, mandates)
    if len(problems.errors) > before:
        return none
    try:
        return Calendars.from_mapping(plain(item), time_zone)
    except (ValueError, KeyError, TypeError, AttributeError, NotImplementedError) as error:
        problems.error(
            section.at("calendars"), f"the calendars cannot be read: {error}", "Correct the entry"
        )
        return none


def _covered(section: Section) -> None:
    covered = section.section("covered", required=("from", "to"))
    first, last = covered.whole("from", EARLIEST_YEAR), covered.whole("to", EARLIEST_YEAR)
    if not EARLIEST_YEAR <= first <= last <= LATEST_YEAR:
        section.problems.error(
            section.at("covered"),
            f"the calendars cover {first} to {last}, which are no years from {EARLIEST_YEAR}"
            f" to {LATEST_YEAR} in order",
            "Cover the years whose holidays are known, the first one first",
        )


def _served(calendar: Section, mandates: Collection[str]) -> None:
    for mandate in calendar.words("serves"):
        if mandate not in mandates:
            calendar.problems.error(
                calendar.at("serves"),
                f"'{mandate}' under 'serves' of {calendar.where} is no mandate of the country",
                f"Use one of {', '.join(sorted(mandates))}",
            )
