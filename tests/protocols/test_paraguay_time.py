"""Paraguay's days and hours: UTC-3 in every month, closed towns, a January without deadlines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from protocols.calendars import Calendars
from protocols.document import plain_file
from protocols.working_time import Limit, Unit, due_at

FILE = Path(__file__).parents[2] / "protocols" / "countries" / "py" / "calendars.yaml"
ASUNCION = ZoneInfo("America/Asuncion")
PY = Calendars.from_mapping(plain_file(FILE), ASUNCION.key)
ONE_WORKING_DAY = Limit(1, Unit.WORKING_DAYS)


def at(written: str) -> datetime:
    """A moment on an Asunción clock."""
    return datetime.fromisoformat(written).replace(tzinfo=ASUNCION)


def last_day(start: str, limit: Limit, mandate: str, place: str) -> str:
    """The day a limit ends there, by its clocks."""
    due = due_at(at(start), limit, PY.of(mandate, place))
    return due.moment.astimezone(ASUNCION).date().isoformat()


@pytest.mark.parametrize(
    "day", ["2025-03-23", "2025-10-05", "2026-03-22", "2026-07-01", "2026-10-04"]
)
def test_the_clock_is_three_hours_behind_utc_in_every_month(day: str) -> None:
    # Ley 7354/2024; a zone table older than 2025a puts the clock back in March: replace it.
    assert at(f"{day}T12:00").utcoffset() == timedelta(hours=-3)


@pytest.mark.parametrize("day", ["2025-03-22", "2026-10-03"])
def test_a_day_ends_at_three_in_the_morning_utc_where_the_clock_once_was_changed(day: str) -> None:
    due = due_at(at(f"{day}T08:00"), Limit(1, Unit.CALENDAR_DAYS), PY.of("CODENI", "PY"))
    following = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=2, hours=3)
    assert due.moment == following - timedelta(seconds=1)


def test_a_court_deadline_moves_in_the_town_that_keeps_its_day_and_nowhere_else() -> None:
    # "… que vencen en fecha 3 de febrero de 2022 fenezcan el día 4 de febrero" (PJ 21444).
    start = "2022-02-02T09:00"
    town = last_day(start, ONE_WORKING_DAY, "COURT_CHILD", "PY-10-CIUDAD-DEL-ESTE")
    capital = last_day(start, ONE_WORKING_DAY, "COURT_CHILD", "PY-ASU")
    assert (town, capital) == ("2022-02-04", "2022-02-03")
    assert last_day(start, ONE_WORKING_DAY, "CODENI", "PY-10-CIUDAD-DEL-ESTE") == "2022-02-03"


def test_calendar_days_before_a_court_move_with_its_town_and_an_offices_do_not() -> None:
    start, two_days = "2022-02-01T09:00", Limit(2, Unit.CALENDAR_DAYS)
    assert last_day(start, two_days, "DEF_CHILD", "PY-10-CIUDAD-DEL-ESTE") == "2022-02-04"
    assert last_day(start, two_days, "DEF_CHILD", "PY-ASU") == "2022-02-03"
    # Until Saturday 5 February: a court's day ends on Monday, an office's stays.
    four_days = Limit(4, Unit.CALENDAR_DAYS)
    assert last_day(start, four_days, "PROSEC_HT", "PY") == "2022-02-07"
    assert last_day(start, four_days, "CODENI", "PY") == "2022-02-05"


def test_the_wednesday_of_holy_week_2023_was_closed_before_every_court() -> None:
    for place in ("PY-ASU", "PY-7-ENCARNACION"):
        assert last_day("2023-04-04T09:00", ONE_WORKING_DAY, "COURT_CHILD", place) == "2023-04-10"


def test_what_ended_in_caacupe_on_4_april_2023_ended_after_holy_week() -> None:
    assert (
        last_day("2023-04-03T09:00", ONE_WORKING_DAY, "COURT_CHILD", "PY-3-CAACUPE") == "2023-04-10"
    )


def test_days_stand_still_in_january_before_a_court_and_hours_never_do() -> None:
    assert (
        last_day("2025-12-30T09:00", Limit(2, Unit.WORKING_DAYS), "COURT_CHILD", "PY")
        == "2026-02-02"
    )
    start = at("2026-01-12T09:00")
    due = due_at(start, Limit(72, Unit.HOURS), PY.of("COURT_CHILD", "PY"))
    assert due.moment == start + timedelta(hours=72)


def test_the_day_the_decree_gave_in_2025_is_closed_for_offices_and_courts() -> None:
    for mandate in ("LABOUR_INSPECT", "PROSEC_ORD"):
        calendar = PY.of(mandate, "PY")
        assert calendar.closed_by(at("2025-12-26T00:00").date()) is not None
