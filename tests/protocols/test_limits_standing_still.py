"""Whatever the limit and the calendar: standing still moves its end on, and never into the past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from protocols.working_time import Calendar, Limit, Unit, due_at

AMERICA = ZoneInfo("America/New_York")
START = datetime(2026, 2, 2, 9, tzinfo=UTC)
CALENDARS = st.builds(
    Calendar,
    name=st.just("plain"),
    version=st.just("1"),
    time_zone=st.sampled_from(["UTC", "America/New_York", "Asia/Bangkok"]),
    covered=st.just(range(2025, 2032)),
    weekend=st.sampled_from([frozenset(), frozenset({5, 6}), frozenset({4})]),
    roll_over=st.booleans(),
)
LIMITS = st.builds(
    Limit,
    amount=st.integers(1, 40),
    unit=st.sampled_from([Unit.CALENDAR_DAYS, Unit.WORKING_DAYS]),
    count_first_day=st.booleans(),
) | st.builds(Limit, amount=st.integers(0, 400), unit=st.just(Unit.HOURS))
HOURS = st.integers(0, 2000).map(lambda n: timedelta(hours=n))


@given(CALENDARS, LIMITS, HOURS, HOURS)
def test_a_limit_that_stood_still_ends_later_and_not_before_it_went_on(
    calendar: Calendar, limit: Limit, after: timedelta, stood: timedelta
) -> None:
    plain = due_at(START, limit, calendar)
    since, until = START + after, START + after + stood
    assume(since <= plain.moment)
    due = due_at(START, limit, calendar, ((since, until),))
    assert due.moment >= max(plain.moment, until)
    assert len(due.derivation) > len(plain.derivation) - 1
    if limit.unit is Unit.HOURS:
        assert due.moment - plain.moment == stood


@given(CALENDARS, LIMITS, HOURS, HOURS)
def test_more_time_to_stand_still_never_makes_it_end_earlier(
    calendar: Calendar, limit: Limit, stood: timedelta, more: timedelta
) -> None:
    since = START + timedelta(hours=1)
    shorter = due_at(START, limit, calendar, ((since, since + stood),))
    longer = due_at(START, limit, calendar, ((since, since + stood + more),))
    assert longer.moment >= shorter.moment


SAID = {
    "en": "It stood still from Monday 2 February 2026 23:30 to Friday 6 February 2026 01:00: "
    "working days added: 4",
    "es": "Estuvo suspendido desde el lunes 2 de febrero de 2026 23:30 hasta el viernes "
    "6 de febrero de 2026 01:00: días hábiles que se suman: 4",
}


@pytest.mark.parametrize(("language", "said"), SAID.items())
def test_the_derivation_says_when_it_stood_still_on_the_wall_clock(
    language: str, said: str
) -> None:
    calendar = Calendar(
        "plain", "1", "America/New_York", range(2026, 2027), frozenset({5, 6}), language=language
    )
    since = datetime(2026, 2, 2, 23, 30, tzinfo=AMERICA)
    until = datetime(2026, 2, 6, 1, tzinfo=AMERICA)
    due = due_at(START, Limit(2, Unit.WORKING_DAYS), calendar, ((since, until),))
    assert said in due.derivation
    assert due.moment.astimezone(AMERICA).date().isoformat() == "2026-02-10"
