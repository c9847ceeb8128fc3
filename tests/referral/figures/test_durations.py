"""What is measured of one hand-off, what is open, and what is an error that nothing averages in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from referral.figures import Measure
from referral.figures.durations import ERROR, NOTHING, Kind, Span, Told, spans_of

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def after(**length: float) -> datetime:
    return AT + timedelta(**length)


def test_each_act_is_measured_from_the_one_before_it() -> None:
    told = Told(
        *(AT, after(hours=1), after(hours=3), after(hours=6), after(days=2)),
        completed=True,
        over=True,
    )
    assert {name: span.seconds for name, span in spans_of(told).items()} == {
        Measure.RECEIVED: 3600,
        Measure.ACCEPTED: 2 * 3600,
        Measure.CONTACT: 3 * 3600,
        Measure.COMPLETED: 42 * 3600,
    }


def test_what_may_still_happen_is_open_since_the_act_before_it() -> None:
    spans = spans_of(Told(AT, after(hours=1)))
    assert spans[Measure.ACCEPTED] == Span(Kind.OPEN, since=after(hours=1))
    assert spans[Measure.CONTACT] == NOTHING


@pytest.mark.parametrize("completed", [False, True])
def test_what_ended_otherwise_was_waited_for_until_then(completed: bool) -> None:
    """A decline, and a completion without any contact with the person."""
    told = Told(AT, AT, AT, ended_at=after(hours=5), completed=completed, over=True)
    assert spans_of(told)[Measure.CONTACT] == Span(Kind.ENDED, 5 * 3600)
    assert spans_of(told)[Measure.COMPLETED] == NOTHING


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        (Told(AT, after(hours=-1)), Measure.RECEIVED),
        (Told(AT, after(hours=2), after(hours=1)), Measure.ACCEPTED),
        (Told(AT, None, after(hours=1)), Measure.RECEIVED),
        (Told(AT, None, after(hours=1)), Measure.ACCEPTED),
        (Told(AT, AT, None, after(hours=1)), Measure.CONTACT),
        (Told(AT, AT, None, after(hours=1)), Measure.ACCEPTED),
        (Told(AT, AT, ended_at=after(hours=-1), over=True), Measure.ACCEPTED),
        (Told(AT, AT, over=True), Measure.ACCEPTED),
        (
            Told(AT, AT, AT, after(days=3), after(days=1), completed=True, over=True),
            Measure.COMPLETED,
        ),
    ],
)
def test_a_time_before_what_it_follows_or_without_it_is_an_error(
    told: Told, wrong: Measure
) -> None:
    assert spans_of(told)[wrong] == ERROR


def test_a_fraction_of_a_second_counts_as_none() -> None:
    assert spans_of(Told(AT, after(seconds=1.999)))[Measure.RECEIVED].seconds == 1
