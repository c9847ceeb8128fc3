"""Pure: who is told and when. Danger waits for nothing; nobody kept out is ever chosen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.notices import Notice
from referral.notices.when import (
    GIVES_UP,
    LONGEST_PAUSE,
    PATIENCE,
    PATIENCE_IN_DANGER,
    alarms,
    due_for,
    gives_up,
    pause_after,
)
from referral.notices.whom import Seat, told_of
from referral.notices.wording import language_for, number_of, text_for, texts

UNIT = UUID(int=1)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def notice(role: str | None = None) -> Notice:
    return Notice(
        uuid4(), "ZZ", "hand_off.requested", None, None, UNIT, role, None, NOW, danger=False
    )


def seat(n: int, role: str = "OFFICER", **more: object) -> Seat:
    return Seat(UNIT, UUID(int=n), role, "America/Asuncion", **more)  # type: ignore[arg-type]


def test_without_a_roster_everybody_who_works_there_is_told_and_nobody_else() -> None:
    seats = [seat(2), seat(3, "SUPERVISOR"), seat(4, "AUDITOR"), seat(5, "AGENCY_ADMIN")]
    assert {one.seat.int for one in told_of(notice(), seats)} == {2, 3}


def test_who_is_on_duty_is_told_alone() -> None:
    seats = [seat(2), seat(3, on_duty=True), seat(4, "SUPERVISOR")]
    assert [one.seat.int for one in told_of(notice(), seats)] == [3]


def test_a_roster_of_who_is_away_leaves_nobody_untold() -> None:
    seats = [seat(2), seat(3, on_duty=True, present=False)]
    assert [one.seat.int for one in told_of(notice(), seats)] == [2]


def test_who_is_in_charge_is_told_alone_and_her_deputy_when_she_is_away() -> None:
    here = [seat(2), seat(3)]
    charged = frozenset({UUID(int=2)})
    assert [one.seat.int for one in told_of(notice(), here, in_charge=charged)] == [2]
    away = [seat(2, present=False, deputy=UUID(int=9)), seat(3), seat(9, stands_in=True)]
    assert [one.seat.int for one in told_of(notice(), away, in_charge=charged)] == [9]
    alone = [seat(2, present=False), seat(3)]
    assert [one.seat.int for one in told_of(notice(), alone, in_charge=charged)] == [3]


def test_a_role_that_nobody_has_reaches_nobody() -> None:
    assert told_of(notice("SUPERVISOR"), [seat(2), seat(3)]) == ()
    assert [one.seat.int for one in told_of(notice("AGENCY_ADMIN"), [seat(5, "AGENCY_ADMIN")])] == [
        5
    ]


ROLES = st.sampled_from(["OFFICER", "SUPERVISOR", "COORDINATOR", "AUDITOR", "AGENCY_ADMIN"])
SEATS = st.lists(
    st.builds(
        Seat,
        of_unit=st.just(UNIT),
        seat=st.integers(1, 8).map(lambda n: UUID(int=n)),
        role=ROLES,
        time_zone=st.just("UTC"),
        present=st.booleans(),
        on_duty=st.booleans(),
        deputy=st.none() | st.integers(1, 8).map(lambda n: UUID(int=n)),
        stands_in=st.booleans(),
    ),
    max_size=8,
    unique_by=lambda one: one.seat,
)
SOME = st.frozensets(st.integers(1, 8).map(lambda n: UUID(int=n)))


@given(SEATS, SOME, SOME, st.none() | ROLES)
def test_nobody_kept_out_or_away_is_chosen_and_nobody_twice(
    seats: list[Seat], in_charge: frozenset[UUID], kept_out: frozenset[UUID], role: str | None
) -> None:
    told = told_of(notice(role), seats, in_charge=in_charge, kept_out=kept_out)
    found = [one.seat for one in told]
    assert len(found) == len(set(found))
    assert not set(found) & kept_out
    assert all(one.present for one in told)


HOURS = st.integers(0, 23)
ZONES = st.sampled_from(
    ["UTC", "America/Asuncion", "Asia/Bangkok", "Africa/Monrovia", "Europe/Vienna"]
)
MOMENTS = st.integers(0, 2 * 365 * 24 * 60).map(lambda n: NOW + timedelta(minutes=n))


@given(MOMENTS, ZONES, st.tuples(HOURS, HOURS))
def test_nobody_is_woken_in_quiet_hours_and_nobody_waits_longer_than_a_day(
    now: datetime, zone: str, quiet: tuple[int, int]
) -> None:
    her = Seat(UNIT, UUID(int=2), "OFFICER", zone, quiet=quiet)
    due = due_for(her, now, danger=False)
    assert now <= due <= now + timedelta(hours=25)  # an hour more when the clocks go back
    assert due_for(her, now, danger=True) == now
    hour = due.astimezone(ZoneInfo(zone)).hour
    since, until = quiet
    asleep = since <= hour < until if since <= until else hour >= since or hour < until
    assert not asleep


@given(MOMENTS, ZONES, HOURS)
def test_a_digest_comes_when_its_hour_strikes(now: datetime, zone: str, hour: int) -> None:
    her = Seat(UNIT, UUID(int=2), "OFFICER", zone, mode="digest", digest_hour=hour)
    due = due_for(her, now, danger=False)
    assert now < due <= now + timedelta(hours=25)
    here = due.astimezone(ZoneInfo(zone))
    # Where the clocks jump over the hour, it is the next that strikes.
    assert here.hour == hour or (here - timedelta(hours=1)).hour == hour or here.hour == hour + 1
    assert due_for(her, now, danger=True) == now


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_pauses_grow_to_six_hours_and_no_further(attempt: int, chance: float) -> None:
    pause = pause_after(attempt, chance)
    assert timedelta(seconds=48) <= pause <= LONGEST_PAUSE * 1.2
    assert pause_after(attempt + 1, chance) >= pause


def test_it_is_tried_for_three_days_and_somebody_hears_of_it_long_before() -> None:
    assert not gives_up(NOW, NOW + GIVES_UP - timedelta(seconds=1))
    assert gives_up(NOW, NOW + GIVES_UP)
    assert PATIENCE_IN_DANGER < PATIENCE < GIVES_UP
    assert alarms(NOW, NOW + PATIENCE_IN_DANGER, danger=True)
    assert not alarms(NOW, NOW + PATIENCE_IN_DANGER, danger=False)
    assert alarms(NOW, NOW + PATIENCE, danger=False)


@pytest.mark.parametrize("language", sorted(texts()))
def test_every_language_says_the_same_and_names_nothing(language: str) -> None:
    assert set(texts()[language]) == set(texts()["en"])
    letter = uuid4()
    for count, danger in ((1, False), (3, False), (1, True)):
        text = text_for(language, letter, count, "https://referral.example", danger=danger)
        assert number_of(letter) in text.body
        assert "https://referral.example/notices" in text.body
        assert "{" not in text.subject + text.body
        assert ("3" in text.subject) == (count == 3)
    assert "https" not in text_for(language, letter, 1, None).body


@pytest.mark.parametrize(
    ("wanted", "spoken", "found"),
    [
        *((None, ("es", "en"), "es"), ("en", ("es", "en"), "en"), ("th", ("en",), "th")),
        *((None, ("gn", "es"), "es"), ("gn", ("es",), "es"), (None, (), "en")),
    ],
)
def test_a_language_without_texts_falls_back(
    wanted: str | None, spoken: tuple[str, ...], found: str
) -> None:
    assert language_for(wanted, spoken) == found
