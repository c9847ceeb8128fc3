"""Agencies are compared with what chance alone would do to one of their caseload."""

from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.figures import Group
from referral.figures.funnel import bounds, funnel


@given(st.floats(0.01, 0.99), st.integers(1, 5000))
def test_the_limits_are_those_of_a_published_binomial(average: float, size: int) -> None:
    from scipy.stats import binom

    def between(wanted: float) -> float:
        count = binom.ppf(wanted, size, average)
        at, before = binom.cdf([count, count - 1], size, average)
        return float(max(0.0, (count - (at - wanted) / (at - before)) / size))

    found = bounds(average, size)
    told = (found.low_95, found.high_95, found.low_998, found.high_998)
    expected = tuple(between(wanted) for wanted in (0.025, 0.975, 0.001, 0.999))
    assert told == pytest.approx(expected, abs=1e-6)


def agency(met: int | None, missed: int | None) -> tuple[Group, str, int | None, int | None]:
    return Group(agency_id=uuid4()), "A", met, missed


def test_a_few_misses_of_a_small_agency_are_chance_and_of_a_large_one_are_not() -> None:
    """Eight in ten, where nine are the average: of 50 that happens, of 2,000 it does not."""
    found = funnel([agency(41, 9), agency(1600, 400), agency(7359, 591)])
    assert found.average == pytest.approx(0.9)
    assert [point.place for point in found.points] == ["within", "very low", "very high"]
    assert [point.size for point in found.points] == [50, 2000, 7950]


def test_below_thirty_nobody_is_judged() -> None:
    found = funnel([agency(0, 29), agency(1000, 100)])
    assert (found.points[0].place, found.points[0].share) == (None, 0)


def test_what_the_floor_hides_is_named_and_not_compared() -> None:
    found = funnel([agency(None, None), agency(90, 10), agency(0, 0)])
    assert found.average == 0.9
    assert (found.points[0].share, found.points[0].size) == (None, None)
    assert (found.points[2].share, found.points[2].size) == (None, 0)


@pytest.mark.parametrize("told", [[], [agency(0, 0)], [agency(None, None)]])
def test_nothing_decided_has_no_average(
    told: list[tuple[Group, str, int | None, int | None]],
) -> None:
    found = funnel(told)
    assert (found.average, found.curve) == (None, ())
    assert len(found.points) == len(told)


@pytest.mark.parametrize(("met", "average"), [(100, 1.0), (0, 0.0)])
def test_where_all_are_alike_nobody_stands_out(met: int, average: float) -> None:
    found = funnel([agency(met, 100 - met)] * 3)
    assert found.average == average
    assert {point.place for point in found.points} == {"within"}


def test_the_limits_narrow_along_the_axis() -> None:
    found = funnel([agency(900, 100), agency(90, 10)])
    widths = [one.high_95 - one.low_95 for one in found.curve if one.size > 20]
    assert widths == sorted(widths, reverse=True)
    assert found.curve[-1].size == 1000
