"""What sound files still owe: law in force that nobody released, calendars that are running out.

Both are warnings: nothing that is asked today goes wrong, and nobody would notice before it does.
This file must not know how a version is released, nor how a day is counted.
"""

from __future__ import annotations

from datetime import date

from protocols.document import read
from protocols.problems import Problems, Spot
from protocols.protocol import Protocol
from protocols.section import Section
from protocols.shelves import CALENDARS, RELEASED, Shelf, name_of, text_of
from protocols.versions import STANDING

NOTICE_DAYS = 120  # time enough to look up what was ordered, and to have it read by a second person


def owed(shelf: Shelf, problems: Problems, today: date | None) -> None:
    """Warn of what is owed; without ``today`` whatever takes force counts, and no calendar does."""
    released = _released(shelf, problems)
    for version in shelf.versions:
        begun = today is None or version.in_force_from <= today
        if version.stage in STANDING and begun and (version.track, version.version) not in released:
            _unreleased(version, problems)
    if today is not None:
        _running_out(shelf, problems, today)


def _released(shelf: Shelf, problems: Problems) -> set[tuple[str, str]]:
    """Track and version of what was released of this country; none if nothing ever was."""
    path = shelf.folder.parent / RELEASED
    item = read(text_of(path, problems), RELEASED, problems) if path.is_file() else None
    if item is None:
        return set()
    country = Section(item, RELEASED, problems).section(shelf.country.iso2)
    return {(track, day) for track, _ in country for day, _ in country.section(track)}


def _unreleased(version: Protocol, problems: Problems) -> None:
    problems.warning(
        version.spot,
        f"{version.track} {version.version} is in force and is not in {RELEASED}: nobody would"
        " notice if its law were edited while referrals run under it",
        f"Write '{version.version}: {version.digest}' there, under {version.country} and"
        f" {version.track}, when those who sign it have read it",
    )


def _running_out(shelf: Shelf, problems: Problems, today: date) -> None:
    calendars = shelf.calendars
    known = [name for name in calendars.descriptions if not calendars.named(name).always_open]
    if not known:
        return
    last = date(calendars.covered.stop - 1, 12, 31)
    left = (last - today).days
    if left <= NOTICE_DAYS:
        problems.warning(
            _covered(shelf, problems),
            f"holidays are known until {last}, {_in_days(left)} ({len(known)} calendars): after it"
            " working days are counted by the week alone, and a limit ends before its time wherever"
            " a holiday falls into it",
            f"Enter the holidays of {last.year + 1} and extend 'covered' once they are ordered;"
            " until then the derivation of each such limit says that they are not known",
        )


def _covered(shelf: Shelf, problems: Problems) -> Spot:
    path = shelf.folder / CALENDARS
    item = read(text_of(path, problems), name_of(path), problems)
    return Spot(name_of(path)) if item is None else Section(item, CALENDARS, problems).at("covered")


def _in_days(left: int) -> str:
    return f"{left} days from now" if left >= 0 else f"{-left} days ago"
