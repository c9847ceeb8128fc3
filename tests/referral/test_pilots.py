"""What may be said of two sides: intervals as published, and no verdict from too few."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binomtest

from referral.exports.pilots import Interval, Verdict, compared, interval, verdict
from referral.figures import Figure, Group, Kept, Measure, Period, Times
from referral.figures.floor import floored_kept

MONTH = Period.month(date(2026, 2, 1))
COUNTS = st.integers(0, 400)


def kept(met: int, missed: int) -> Kept:
    share = met / (met + missed) if met + missed else None
    return Kept(met + missed, met, missed, 0, share)


@given(COUNTS, COUNTS)
def test_a_share_has_the_interval_wilson_gave_it(met: int, missed: int) -> None:
    found = interval(kept(met, missed))
    if not met + missed:
        assert found is None
        return
    wanted = binomtest(met, met + missed).proportion_ci(0.95, method="wilson")
    assert found is not None
    assert found.high is not None
    assert found.low == pytest.approx(wanted.low, abs=1e-6)
    assert found.high == pytest.approx(wanted.high, abs=1e-6)


@given(COUNTS, COUNTS)
def test_under_the_floor_an_interval_is_wider_and_never_narrower(met: int, missed: int) -> None:
    seen, exact = interval(floored_kept(kept(met, missed))), interval(kept(met, missed))
    assume(seen is not None)
    assert seen is not None
    assert exact is not None
    assert seen.low <= exact.low + 1e-12
    assert seen.high is not None
    assert exact.high is not None
    assert seen.high >= exact.high - 1e-12


INTERVALS = st.builds(
    lambda low, wide: Interval(low, None if wide is None else low + wide),
    st.floats(0, 100),
    st.none() | st.floats(0, 100),
)


@given(INTERVALS, INTERVALS)
def test_a_verdict_does_not_hang_on_which_side_comes_first(one: Interval, other: Interval) -> None:
    assert verdict(one, other) is verdict(other, one)
    assert verdict(one, one) is Verdict.NOT_APART
    assert verdict(one, None) is verdict(None, other) is Verdict.TOO_FEW


def side(finished: int, median: float, legal: Kept) -> Figure:
    told = Times(finished, median=median, low=median - 1, high=median + 1, small=finished < 30)
    return Figure(Group(), times={Measure.ACCEPTED: told}, legal=legal)


def test_sides_are_apart_only_where_both_have_enough() -> None:
    many = compared((MONTH, MONTH), (side(40, 10, kept(90, 10)), side(40, 20, kept(50, 50))))
    assert many.times[Measure.ACCEPTED] is many.legal is Verdict.APART
    assert many.times[Measure.CONTACT] is many.proposed is Verdict.TOO_FEW
    few = compared((MONTH, MONTH), (side(40, 10, kept(90, 10)), side(29, 20, kept(1, 28))))
    assert few.times[Measure.ACCEPTED] is few.legal is Verdict.TOO_FEW
    alike = compared((MONTH, MONTH), (side(40, 10, kept(90, 10)), side(40, 11, kept(88, 12))))
    assert alike.times[Measure.ACCEPTED] is alike.legal is Verdict.NOT_APART
