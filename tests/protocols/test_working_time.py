"""A limit ends when the law says, and the derivation says why, line by line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.buddhist_era import Era
from protocols.derivation import day_in_words
from protocols.document import plain_file
from protocols.rungs import share_of
from protocols.working_time import (
    Calendar,
    CalendarNotCovered,
    Calendars,
    Limit,
    Unit,
    due_at,
)

COUNTRIES = Path(__file__).parents[2] / "protocols" / "countries"
BUENOS_AIRES = ZoneInfo("America/Argentina/Buenos_Aires")
NEW_YORK = ZoneInfo("America/New_York")
H, CD, WD = Unit.HOURS, Unit.CALENDAR_DAYS, Unit.WORKING_DAYS


def calendars(country: str, time_zone: str) -> Calendars:
    written = plain_file(COUNTRIES / country / "calendars.yaml")
    return Calendars.from_mapping(written, time_zone)


AR = calendars("ar", "America/Argentina/Buenos_Aires")
ZZ = calendars("zz", "UTC")
OFFICE, COURT, ON_DUTY = AR.named("public_office"), AR.named("court"), AR.named("always_open")
FRIDAY = datetime(2026, 12, 4, 15, 40, tzinfo=BUENOS_AIRES)


def calendar(
    time_zone: str = "UTC",
    covered: range = range(2026, 2028),
    weekend: frozenset[int] = frozenset({5, 6}),
) -> Calendar:
    """A calendar with weekends only."""
    return Calendar("plain", "1", time_zone, covered, weekend)


def local(moment: datetime, zone: ZoneInfo = BUENOS_AIRES) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"


# --- hours -------------------------------------------------------------------------------------


def test_hours_run_through_night_weekend_and_holiday() -> None:
    due = due_at(FRIDAY, Limit(24, H), COURT)
    assert due.moment == FRIDAY + timedelta(hours=24)
    assert due.derivation == (
        "viernes 4 de diciembre de 2026 15:40 (America/Argentina/Buenos_Aires): comienza el plazo",
        "24 horas corridas, con noches, fines de semana y feriados incluidos",
        "Vence el sábado 5 de diciembre de 2026 15:40 (America/Argentina/Buenos_Aires)",
    )


def test_hours_need_no_calendar_of_the_year() -> None:
    start = datetime(2040, 5, 1, tzinfo=UTC)
    assert due_at(start, Limit(72, H), COURT).moment == start + timedelta(hours=72)


def test_no_time_at_all_is_due_at_once() -> None:
    assert due_at(FRIDAY, Limit(0, H), ON_DUTY).moment == FRIDAY


@pytest.mark.parametrize(
    ("day", "ends"),
    [((2026, 3, 7), "2026-03-08 13:00:00"), ((2026, 10, 31), "2026-11-01 11:00:00")],
)
def test_elapsed_time_counts_when_the_clocks_change(day: tuple[int, int, int], ends: str) -> None:
    start = datetime(*day, 12, tzinfo=NEW_YORK)
    due = due_at(start, Limit(24, H), calendar(time_zone="America/New_York"))
    assert local(due.moment, NEW_YORK) == ends
    assert due.derivation[2] == "The clocks are changed on the way: elapsed time counts"


# --- working days ------------------------------------------------------------------------------


def test_working_days_skip_weekend_bridge_day_and_holiday_by_name() -> None:
    due = due_at(FRIDAY, Limit(5, WD), OFFICE)
    zone = "(America/Argentina/Buenos_Aires)"
    weekend = "sábado 12 de diciembre de 2026 – domingo 13 de diciembre de 2026"
    assert due.derivation == (
        f"viernes 4 de diciembre de 2026 15:40 {zone}: comienza el plazo; este día no se cuenta",
        (
            "sábado 5 de diciembre de 2026 – domingo 6 de diciembre de 2026:"
            " fin de semana, no se cuenta"
        ),
        "lunes 7 de diciembre de 2026: Feriado con fines turísticos, no se cuenta",
        "martes 8 de diciembre de 2026: Inmaculada Concepción de María, no se cuenta",
        (
            "miércoles 9 de diciembre de 2026 – viernes 11 de diciembre de 2026:"
            " días hábiles, 1 a 3 de 5"
        ),
        f"{weekend}: fin de semana, no se cuenta",
        "lunes 14 de diciembre de 2026 – martes 15 de diciembre de 2026: días hábiles, 4 a 5 de 5",
        f"Vence el martes 15 de diciembre de 2026, al final del día {zone}",
    )
    assert local(due.moment) == "2026-12-15 23:59:59"


def test_english_reads_as_plainly() -> None:
    due = due_at(datetime(2026, 12, 24, 9, tzinfo=UTC), Limit(1, WD), ZZ.named("public_office"))
    assert due.derivation == (
        "Thursday 24 December 2026 09:00 (UTC): the limit begins; this day is not counted",
        "Friday 25 December 2026: Midwinter Day, not counted",
        "Saturday 26 December 2026 – Sunday 27 December 2026: weekend, not counted",
        "Monday 28 December 2026: working day, 1 of 1",
        "Due Monday 28 December 2026, end of the day (UTC)",
    )


def test_the_first_day_counts_where_the_law_says_so() -> None:
    due = due_at(FRIDAY, Limit(1, WD, count_first_day=True), OFFICE)
    assert local(due.moment) == "2026-12-04 23:59:59"
    assert due.derivation[0].endswith("este día se cuenta")
    on_sunday = datetime(2026, 12, 6, 10, tzinfo=BUENOS_AIRES)
    assert local(due_at(on_sunday, Limit(1, WD, count_first_day=True), OFFICE).moment) == (
        "2026-12-09 23:59:59"
    )


def test_the_day_begins_where_the_office_is_not_in_greenwich() -> None:
    # 22:30 on Thursday in Buenos Aires is already Friday in UTC.
    late = datetime(2026, 12, 4, 1, 30, tzinfo=UTC)
    assert local(due_at(late, Limit(1, WD), OFFICE).moment) == "2026-12-04 23:59:59"


def test_courts_rest_all_january_and_offices_do_not() -> None:
    start = datetime(2026, 12, 30, 10, tzinfo=BUENOS_AIRES)
    assert local(due_at(start, Limit(3, WD), OFFICE).moment)[:10] == "2027-01-05"
    due = due_at(start, Limit(3, WD), COURT)
    assert local(due.moment)[:10] == "2027-02-02"
    assert any("Feria judicial de enero" in line for line in due.derivation)


def test_those_on_duty_work_every_day() -> None:
    christmas_eve = datetime(2026, 12, 24, 10, tzinfo=BUENOS_AIRES)
    assert local(due_at(christmas_eve, Limit(2, WD), ON_DUTY).moment)[:10] == "2026-12-26"
    assert ON_DUTY.always_open
    assert ON_DUTY.closed_by(date(1900, 1, 1)) is None


def test_the_answer_names_the_calendar_with_area_file_and_package() -> None:
    said = due_at(FRIDAY, Limit(1, WD), AR.of("COPRETI", "AR-X")).calendar
    assert said.startswith("public_office (X) 2026-11-26, holidays 0.")


# --- calendar days -----------------------------------------------------------------------------


def test_calendar_days_count_closed_days_too() -> None:
    due = due_at(FRIDAY, Limit(90, CD), OFFICE)
    assert local(due.moment) == "2027-03-04 23:59:59"
    assert due.derivation[1] == (
        "90 días corridos, inhábiles incluidos, terminan el jueves 4 de marzo de 2027"
    )


def test_calendar_days_may_count_the_first_day() -> None:
    due = due_at(FRIDAY, Limit(1, CD, count_first_day=True), OFFICE)
    assert local(due.moment) == "2026-12-04 23:59:59"


@pytest.mark.parametrize(
    ("roll_over", "ends"), [(None, "2026-12-06"), (False, "2026-12-06"), (True, "2026-12-09")]
)
def test_a_limit_that_ends_on_a_closed_day_rolls_over_where_the_law_says_so(
    roll_over: bool | None,
    ends: str,
) -> None:
    due = due_at(FRIDAY, Limit(2, CD, roll_over=roll_over), OFFICE)
    assert local(due.moment)[:10] == ends


def test_rolling_over_is_told_day_by_day() -> None:
    due = due_at(FRIDAY, Limit(2, CD, roll_over=True), OFFICE)
    assert due.derivation[2:5] == (
        "domingo 6 de diciembre de 2026: fin de semana; el vencimiento se traslada",
        "lunes 7 de diciembre de 2026: Feriado con fines turísticos; el vencimiento se traslada",
        (
            "martes 8 de diciembre de 2026: Inmaculada Concepción de María;"
            " el vencimiento se traslada"
        ),
    )


def test_a_calendar_may_roll_over_unless_the_limit_says_no() -> None:
    court = ZZ.named("court")
    saturday = datetime(2026, 5, 2, 9, tzinfo=UTC)
    assert court.roll_over
    assert due_at(saturday, Limit(7, CD), court).moment.day == 11
    assert due_at(saturday, Limit(7, CD, roll_over=False), court).moment.day == 9


def test_the_whole_last_day_is_given_when_its_last_hour_comes_twice() -> None:
    # Paraguay set its clocks back at midnight until 2024: 23:00 to 23:59 came twice.
    start = datetime(2024, 3, 22, 12, tzinfo=ZoneInfo("America/Asuncion"))
    asuncion = calendar(time_zone="America/Asuncion", covered=range(2024, 2025))
    due = due_at(start, Limit(1, CD), asuncion)
    assert due.moment == datetime(2024, 3, 24, 3, 59, 59, tzinfo=UTC)


def test_the_last_second_of_a_counted_day_is_not_before_its_start() -> None:
    last_second = datetime(2026, 5, 4, 23, 59, 59, 500, tzinfo=UTC)
    due = due_at(last_second, Limit(1, CD, count_first_day=True), calendar())
    assert due.moment == last_second


# --- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "limit",
    [
        {"amount": 24, "unit": H, "count_first_day": True},
        {"amount": 24, "unit": H, "roll_over": True},
        {"amount": 24, "unit": H, "roll_over": False},
        {"amount": -1, "unit": H},
        {"amount": 0, "unit": WD},
        {"amount": 0, "unit": CD},
        {"amount": 1, "unit": "weeks"},
    ],
)
def test_a_limit_no_law_can_mean_is_refused(limit: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"hours|leaves no time|weeks"):
        Limit(**limit)


def test_a_start_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        due_at(datetime(2026, 5, 1, 9), Limit(1, WD), OFFICE)  # noqa: DTZ001


@pytest.mark.parametrize(
    "limit", [Limit(30, WD), Limit(60, CD, roll_over=True)], ids=["working days", "roll over"]
)
def test_a_year_nobody_has_checked_is_never_guessed(limit: Limit) -> None:
    start = datetime(2027, 12, 15, 9, tzinfo=UTC)
    with pytest.raises(CalendarNotCovered, match=r"'plain' covers 2026 to 2027 .* 2028-"):
        due_at(start, limit, calendar())


@pytest.mark.parametrize(
    ("limit", "day"),
    [(Limit(30, WD), "2028-01-26"), (Limit(31, CD, roll_over=True), "2028-01-17")],
    ids=["working days", "roll over"],
)
def test_a_running_service_goes_on_by_the_week_and_says_so(limit: Limit, day: str) -> None:
    start = datetime(2027, 12, 15, 9, tzinfo=UTC)
    due = due_at(start, limit, replace(calendar(), goes_on=True))
    assert f"{due.moment:%Y-%m-%d}" == day
    assert "holidays of 2028 are not entered" in due.derivation[-1]
    known = due_at(FRIDAY, limit, replace(calendar(), goes_on=True))
    assert not any("not entered" in line for line in known.derivation)


def test_a_week_without_a_working_day_is_not_awaited_for_ever() -> None:
    closed = replace(calendar(weekend=frozenset(range(7))), goes_on=True)
    with pytest.raises(CalendarNotCovered):
        due_at(FRIDAY, Limit(1, WD), closed)


def test_the_year_that_is_not_entered_is_told_as_the_country_counts() -> None:
    thai = replace(calendar(), goes_on=True, language="th", era=Era.BUDDHIST)
    due = due_at(datetime(2027, 12, 30, 9, tzinfo=UTC), Limit(5, WD), thai)
    assert "2571" in due.derivation[-1]


def test_a_letter_writes_days_as_its_country_does() -> None:
    day = date(2026, 11, 26)
    assert day_in_words(day, "es", Era.COMMON) == "jueves 26 de noviembre de 2026"
    assert day_in_words(day, "th", Era.BUDDHIST).endswith("2569")
    assert day_in_words(day, "gn", Era.COMMON) == "Thursday 26 November 2026"


def test_calendar_days_without_roll_over_need_no_covered_year() -> None:
    start = datetime(2027, 12, 15, 9, tzinfo=UTC)
    assert due_at(start, Limit(365, CD), calendar()).moment.year == 2028


def test_a_week_without_a_working_day_is_told_and_not_awaited() -> None:
    with pytest.raises(CalendarNotCovered):
        due_at(FRIDAY, Limit(1, WD), calendar(weekend=frozenset(range(7))))


# --- shares and order --------------------------------------------------------------------------


def test_a_share_lies_between_start_and_end_or_beyond() -> None:
    start, due = FRIDAY, FRIDAY + timedelta(hours=24)
    assert share_of(start, due, 0.5) == FRIDAY + timedelta(hours=12)
    assert share_of(start, due, 1.5) == FRIDAY + timedelta(hours=36)
    assert share_of(start, due, 0) == start


STARTS = st.datetimes(datetime(2025, 1, 1), datetime(2026, 6, 1), timezones=st.just(UTC))  # noqa: DTZ001
LIMITS = st.one_of(
    st.builds(Limit, st.integers(0, 500), st.just(H)),
    st.builds(
        Limit, st.integers(1, 120), st.just(CD), st.booleans(), st.sampled_from([None, True])
    ),
    st.builds(Limit, st.integers(1, 60), st.just(WD), st.booleans()),
)
KINDS = st.sampled_from(
    [OFFICE, COURT, ON_DUTY, calendar(time_zone="America/New_York", covered=range(2024, 2029))]
)


@given(STARTS, STARTS, LIMITS, KINDS)
def test_who_begins_later_never_ends_earlier(
    one: datetime, other: datetime, limit: Limit, kind: Calendar
) -> None:
    first, second = sorted((one, other))
    assert due_at(first, limit, kind).moment <= due_at(second, limit, kind).moment


@given(STARTS, st.integers(1, 60), st.sampled_from(Unit), KINDS)
def test_a_longer_limit_never_ends_earlier(
    start: datetime, amount: int, unit: Unit, kind: Calendar
) -> None:
    shorter, longer = Limit(amount, unit), Limit(amount + 1, unit)
    assert start <= due_at(start, shorter, kind).moment < due_at(start, longer, kind).moment


@given(STARTS, st.integers(1, 60), KINDS)
def test_a_working_day_limit_ends_on_a_working_day_and_counts_them(
    start: datetime, amount: int, kind: Calendar
) -> None:
    zone = ZoneInfo(kind.time_zone)
    begun = start.astimezone(zone).date()
    last = due_at(start, Limit(amount, WD), kind).moment.astimezone(zone).date()
    days = [begun + timedelta(days=n) for n in range(1, (last - begun).days + 1)]
    assert kind.closed_by(last) is None
    assert sum(kind.closed_by(day) is None for day in days) == amount


@given(STARTS, LIMITS, KINDS)
def test_the_derivation_begins_with_the_start_and_ends_with_the_end(
    start: datetime, limit: Limit, kind: Calendar
) -> None:
    due = due_at(start, limit, kind)
    end = due.moment.astimezone(ZoneInfo(kind.time_zone))
    assert f"{start.astimezone(ZoneInfo(kind.time_zone)):%H:%M}" in due.derivation[0]
    assert str(end.year) in due.derivation[-1]
    assert f" {end.day} " in due.derivation[-1]
    assert due_at(start, limit, kind) == due
