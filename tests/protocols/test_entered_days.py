"""Days entered after the files were written: whom they concern, what they do to running limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.catalogue import Catalogue
from protocols.decision import ClockState, RunningClock
from protocols.entered_days import EnteredDay
from protocols.limits import rungs_of
from protocols.protocol import Protocol
from protocols.recounting import recounted
from tests.protocols.moments import CATALOGUE

WEDNESDAY = date(2026, 3, 4)
BEGUN = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
MOURNING = EnteredDay("court", "", WEDNESDAY, closed=True, name="Day of mourning")


def law(*days: EnteredDay) -> Catalogue:
    """All countries, with these days entered in Zedland."""
    return CATALOGUE.with_days("ZZ", days)


def children(catalogue: Catalogue) -> Protocol:
    return catalogue.version_of("ZZ", "child_protection", "2026-01-01")


def running(clock: str, due: datetime, **more: object) -> RunningClock:
    step = clock.partition(".")[0]
    made = RunningClock("k", clock, step, "h", BEGUN, due)
    return replace(made, **more)  # type: ignore[arg-type]


def answer_of(catalogue: Catalogue, place: str = "ZZ-N") -> datetime | None:
    """When the prosecutor's two working days end; None: where they ended before."""
    clock = running("ZZ-C04.answer", datetime(2026, 3, 4, 23, 59, 59, tzinfo=UTC))
    found = recounted(children(catalogue), clock, place, "PROSECUTION")
    return found.due.moment if found else None


def test_a_day_closes_its_own_calendar_and_no_other() -> None:
    calendars = law(MOURNING).calendars("ZZ")
    assert calendars.named("court").closed_by(WEDNESDAY) == "Day of mourning"
    assert calendars.named("public_office").closed_by(WEDNESDAY) is None
    assert CATALOGUE.calendars("ZZ").named("court").closed_by(WEDNESDAY) is None


def test_a_day_of_one_place_holds_there_and_below_and_nowhere_else() -> None:
    calendars = law(replace(MOURNING, place="ZZ-N")).calendars("ZZ")
    for place, closed in (("ZZ-N", True), ("ZZ-N-TOWN", True), ("ZZ-NE", False), ("ZZ", False)):
        found = calendars.of("COURT", place).closed_by(WEDNESDAY)
        assert (found == "Day of mourning") is closed, place


def test_what_is_entered_later_counts_over_what_was_entered_before() -> None:
    back = replace(MOURNING, closed=False, name="")
    assert law(MOURNING, back).calendars("ZZ").named("court").closed_by(WEDNESDAY) is None
    again = law(MOURNING, back, MOURNING).calendars("ZZ")
    assert again.named("court").closed_by(WEDNESDAY) == "Day of mourning"
    # A day that was open already stays open.
    assert law(back).calendars("ZZ").named("court").closed_by(WEDNESDAY) is None


def test_a_holiday_of_the_files_opens() -> None:
    founders = date(2027, 3, 8)
    assert CATALOGUE.calendars("ZZ").named("court").closed_by(founders) == "Founders' Day"
    opened = EnteredDay("court", "", founders, closed=False, name="")
    assert law(opened).calendars("ZZ").named("court").closed_by(founders) is None


def test_the_calendars_version_says_how_many_days_were_entered() -> None:
    before = CATALOGUE.calendars("ZZ").named("court").version
    assert law(MOURNING).calendars("ZZ").named("court").version == f"{before}, 1 entered"
    assert law(MOURNING).calendars("ZZ").named("public_office").version == before


def test_the_law_is_the_same_by_its_digest_and_no_other_country_is_touched() -> None:
    after = law(MOURNING)
    for version in CATALOGUE.shelves["ZZ"].versions:
        pinned = (version.track, version.version, version.digest)
        assert after.pinned("ZZ", *pinned).digest == version.digest
        assert after.pinned("ZZ", *pinned).calendars is after.calendars("ZZ")
    assert after.shelves["TH"] is CATALOGUE.shelves["TH"]
    with pytest.raises(LookupError):
        CATALOGUE.with_days("XX", ())


def test_a_running_limit_ends_a_day_later_with_its_ladder() -> None:
    clock = running("ZZ-C04.answer", datetime(2026, 3, 4, 23, 59, 59, tzinfo=UTC))
    found = recounted(children(law(MOURNING)), clock, "ZZ-N", "PROSECUTION")
    assert found is not None
    assert found.due.moment == datetime(2026, 3, 5, 23, 59, 59, tzinfo=UTC)
    assert any("Day of mourning" in line for line in found.due.derivation)
    before = rungs_of(children(CATALOGUE), clock)
    assert [(one.kind, one.to) for one in found.rungs] == [(one.kind, one.to) for one in before]
    assert found.rungs[0].at == BEGUN + (found.due.moment - BEGUN) / 2


def test_where_nothing_was_entered_no_limit_moves() -> None:
    assert answer_of(CATALOGUE) is None
    assert answer_of(law(replace(MOURNING, calendar="public_office"))) is None
    assert answer_of(law(replace(MOURNING, place="ZZ-W"))) is None
    hours = running("ZZ-C01.answer", BEGUN + timedelta(hours=24))
    assert recounted(children(law(MOURNING)), hours, "ZZ-N", "CHILD_PROTECTION") is None


def test_a_limit_that_hangs_on_no_hand_off_is_counted_by_the_holders_days() -> None:
    # The plan of help at home: fifteen working days of whoever holds the child.
    day = EnteredDay("public_office", "", WEDNESDAY, closed=True, name="Day of mourning")
    before = datetime(2026, 3, 23, 23, 59, 59, tzinfo=UTC)
    (name,) = [
        one.id
        for one in children(CATALOGUE).clocks.values()
        if one.step == "ZZ-C05" and one.limit.amount == 15
    ]
    clock = replace(running(name, before), hand_off=None, state=ClockState.RUNNING)
    assert recounted(children(CATALOGUE), clock, "ZZ-N", None) == recounted(
        children(law()), clock, "ZZ-N", None
    )
    moved = recounted(children(law(day)), clock, "ZZ-N", None)
    assert moved is not None
    assert moved.due.moment > before


def test_limits_that_may_move_are_those_counted_in_days() -> None:
    names = CATALOGUE.counted_in_days("ZZ")
    assert "ZZ-C04.answer" in names
    assert "ZZ-C01.answer" not in names


@given(
    days=st.lists(
        st.builds(
            EnteredDay,
            calendar=st.just("court"),
            place=st.sampled_from(["", "ZZ-N", "ZZ-W"]),
            day=st.dates(date(2026, 3, 1), date(2026, 3, 31)),
            closed=st.booleans(),
            name=st.just("Day"),
        ),
        max_size=6,
    )
)
def test_closing_days_never_makes_a_limit_end_earlier(days: list[EnteredDay]) -> None:
    closing = [one for one in days if one.closed]
    found = answer_of(law(*closing))
    assert found is None or found > datetime(2026, 3, 4, 23, 59, 59, tzinfo=UTC)
