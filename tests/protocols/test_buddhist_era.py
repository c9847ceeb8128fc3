"""Two eras are read, one is kept, and a year of the one never passes for a year of the other."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.buddhist_era import (
    FIRST,
    LAST,
    Era,
    buddhist_year,
    day_in,
    gregorian_year,
    refuse_unsaid,
)
from protocols.calendars import Calendar
from protocols.working_time import Limit, Unit, due_at
from tests.protocols.drafts import COUNTRY, TRACK, altered, compiled

NOON = datetime(2026, 11, 26, 5, 0, tzinfo=UTC)  # noon in Bangkok
LIVED = st.dates(date(gregorian_year(FIRST), 1, 1), date(gregorian_year(LAST), 12, 31))
THAI_DIGITS = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")


def calendar(language: str, era: Era = Era.BUDDHIST) -> Calendar:
    """Days without holidays, in Bangkok."""
    return Calendar("plain", "1", "Asia/Bangkok", range(2026, 2028), language=language, era=era)


@given(st.integers(1, 9000))
def test_a_year_comes_back_as_it_went(year: int) -> None:
    assert gregorian_year(buddhist_year(year)) == year
    assert buddhist_year(year) - year == 543


@given(LIVED)
def test_a_day_is_read_back_in_either_era_and_in_thai_digits(day: date) -> None:
    written = f"B.E. {buddhist_year(day.year)}{day:-%m-%d}"
    assert day_in(day.isoformat()) == day
    assert day_in(written) == day
    assert day_in(written.replace("B.E.", "พ.ศ.").translate(THAI_DIGITS)) == day


@given(st.dates(date(FIRST, 1, 1), date(LAST, 12, 31)))
def test_a_buddhist_year_typed_as_a_common_one_is_refused(day: date) -> None:
    with pytest.raises(ValueError, match="looks like a year of the Buddhist Era: write "):
        day_in(day.isoformat())


def test_what_is_refused_says_how_to_write_it() -> None:
    with pytest.raises(
        ValueError, match=r"write B\.E\. 2569-11-26, or 2026-11-26 in the common era"
    ):
        day_in("2569-11-26")
    with pytest.raises(ValueError, match=r"2026-11-26 is B\.E\. 2569-11-26"):
        day_in("พ.ศ. 2026-11-26")
    for unread in ("26 November", "B.E. 2569-13-26", "2026-02-29", "0000-01-01", ""):
        with pytest.raises(ValueError, match=r"write it like 2026-11-26 or B\.E\. 2569-11-26"):
            day_in(unread)


@pytest.mark.parametrize("year", [FIRST - 1, LAST + 1, 2026])
def test_other_years_stand_as_they_are(year: int) -> None:
    refuse_unsaid(year)


def test_a_derivation_speaks_the_era_of_the_country() -> None:
    limit = Limit(24, Unit.HOURS)
    assert due_at(NOON, limit, calendar("th")).derivation == (
        "วันพฤหัสบดีที่ 26 พฤศจิกายน พ.ศ. 2569 เวลา 12:00 น. (Asia/Bangkok): เริ่มนับระยะเวลา",
        "นับต่อเนื่อง 24 ชั่วโมง รวมเวลากลางคืน วันหยุดประจำสัปดาห์ และวันหยุดราชการ",
        "ครบกำหนดวันศุกร์ที่ 27 พฤศจิกายน พ.ศ. 2569 เวลา 12:00 น. (Asia/Bangkok)",
    )
    english = due_at(NOON, limit, calendar("en"))
    assert english.derivation[-1] == "Due Friday 27 November B.E. 2569 (2026) 12:00 (Asia/Bangkok)"
    assert "2569" not in due_at(NOON, limit, calendar("en", Era.COMMON)).derivation[-1]
    assert english.moment == NOON.astimezone(ZoneInfo("Asia/Bangkok")).replace(day=27)


def test_a_file_of_law_keeps_days_in_the_common_era() -> None:
    track, line = altered(TRACK, "takes_force: 2026-01-01", "takes_force: 2569-01-01")
    _, (problem, *_) = compiled(track)
    assert problem.line == line
    assert "2569-01-01, beyond 1900 to 2100" in problem.message


def test_a_country_says_by_which_era_it_counts() -> None:
    _, problems = compiled(country=f"{COUNTRY}\ncalendar_era: lunar\n")
    assert [one.message for one in problems] == ["'lunar' is no 'calendar_era' of country.yaml"]
    _, problems = compiled(country=f"{COUNTRY}\ncalendar_era: buddhist\n")
    assert problems == ()
