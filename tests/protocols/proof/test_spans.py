"""How long a limit can last is counted on every day a calendar covers, and no further."""

from __future__ import annotations

from datetime import timedelta

import pytest

from protocols.proof.spans import ever_later, longest
from protocols.working_time import Calendar, Calendars, Limit, Unit
from tests.protocols.proof.small import SOUND, track_of

CALENDARS = Calendars.from_mapping(
    {
        "version": "1",
        "language": "en",
        "covered": {"from": 2025, "to": 2026},
        "default": "office",
        "calendars": {
            "office": {"names": {"en": "Office"}, "weekend": ["saturday", "sunday"]},
            "duty": {"names": {"en": "Duty"}, "weekend": [], "serves": ["POLICE"]},
        },
    },
    "UTC",
)
OFFICE, DUTY = CALENDARS.of("COUNCIL", ""), CALENDARS.of("POLICE", "")
DAYS, WORKING = Unit.CALENDAR_DAYS, Unit.WORKING_DAYS


@pytest.mark.parametrize(
    ("one", "other", "later"),
    [
        ((Limit(3, WORKING), OFFICE), (Limit(3, DAYS), DUTY), True),  # over a weekend
        ((Limit(3, DAYS), DUTY), (Limit(3, WORKING), OFFICE), False),
        ((Limit(3, WORKING), DUTY), (Limit(3, DAYS), DUTY), False),  # every day is open
        ((Limit(2, DAYS), DUTY), (Limit(47, Unit.HOURS), DUTY), True),
        ((Limit(900, DAYS), OFFICE), (Limit(900, WORKING), OFFICE), False),  # nothing is known
    ],
)
def test_units_are_compared_day_by_day(
    one: tuple[Limit, Calendar], other: tuple[Limit, Calendar], *, later: bool
) -> None:
    assert ever_later(one, other) is later


def test_a_limit_in_days_is_longest_from_the_first_minute_of_its_day() -> None:
    clock = track_of(SOUND).clocks["Q2.visited"]  # five working days
    on_duty, in_the_office = (longest(CALENDARS, clock, one) for one in ("POLICE", "COUNCIL"))
    assert on_duty == timedelta(days=6) - timedelta(seconds=1)
    assert in_the_office == timedelta(days=8) - timedelta(seconds=1)
