"""Kaplan-Meier agrees with a published library, open ones count as open, and groups do not mix."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from referral.figures.survival import MOST_POINTS, Steps, points_of, steps, summaries

Waits = list[tuple[int, bool]]
waits = st.lists(st.tuples(st.integers(0, 10**7), st.booleans()), min_size=1, max_size=60)
few_days = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=60)


def curve(told: Waits, group: int = 0) -> Steps:
    seconds = np.array([one[0] for one in told], np.int64)
    happened = np.array([one[1] for one in told], bool)
    return steps(np.full(len(told), group, np.int64), seconds, happened)


def published(told: Waits) -> Any:
    """What ``lifelines`` makes of the same."""
    from lifelines import KaplanMeierFitter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return KaplanMeierFitter().fit([one[0] for one in told], [one[1] for one in told])


@given(st.one_of(waits, few_days))
def test_it_agrees_with_a_published_library(told: Waits) -> None:
    """Estimate and interval at every step, to the ninth decimal; ties and open ones included."""
    ours, theirs = curve(told), published(told)
    assert ours.seconds.tolist() == sorted({seconds for seconds, happened in told if happened})
    bounds = theirs.confidence_interval_.loc[ours.seconds].to_numpy()
    low, high = ours.bounds
    for here, there in (
        (ours.share, theirs.predict(ours.seconds)),
        (low, bounds[:, 0]),
        (high, bounds[:, 1]),
    ):
        np.testing.assert_allclose(here, there, rtol=0, atol=1e-9)


@given(few_days)
def test_the_median_is_the_librarys(told: Waits) -> None:
    """Except where the share is exactly a half and its last binary digit decides there."""
    ours, theirs = curve(told), published(told).median_survival_time_
    median = summaries(ours, 1).median[0]
    if not np.any(np.abs(ours.share - 0.5) < 1e-9):
        assert (np.isnan(median) and np.isinf(theirs)) or median == theirs


def test_half_of_them_is_half() -> None:
    """Ten answers without a tie: after the fifth a half remains, whatever rounding says."""
    assert summaries(curve([(day, True) for day in range(1, 11)]), 1).median[0] == 5


def test_half_of_many_groups_is_half_of_each() -> None:
    """However many went before: what their sums lost of digits would move the median a step."""
    sizes = 2 * np.random.default_rng(5).integers(1, 200, 3000)
    days = np.concatenate([np.arange(1, size + 1) for size in sizes])
    of = np.repeat(np.arange(sizes.size), sizes)
    found = summaries(steps(of, days, np.ones(of.size, bool)), sizes.size)
    assert found.median.tolist() == (sizes / 2).tolist()
    assert found.ninth.tolist() == np.ceil(sizes * 0.9).tolist()


def test_a_tie_puts_what_happened_before_who_was_still_waiting() -> None:
    found = curve([(5, True), (5, False)])
    assert (found.share.tolist(), found.at_risk.tolist()) == ([0.5], [2])


def test_who_still_waits_makes_the_median_later() -> None:
    """An agency that answers only the easy ones is not quick."""
    answered = [(hours, True) for hours in (1, 2, 3, 4)]
    waiting = [(100, False)] * 3
    assert summaries(curve(answered), 1).median[0] == 2
    assert summaries(curve(answered + waiting), 1).median[0] == 4
    assert np.isnan(summaries(curve(answered + waiting * 2), 1).median[0])


@given(st.lists(st.one_of(waits, few_days), min_size=1, max_size=6))
def test_groups_estimated_together_are_what_each_is_alone(groups: list[Waits]) -> None:
    of = np.repeat(np.arange(len(groups)), [len(told) for told in groups])
    flat = [one for told in groups for one in told]
    seconds = np.array([one[0] for one in flat], np.int64)
    happened = np.array([one[1] for one in flat], bool)
    together = steps(of, seconds, happened)
    summary = summaries(together, len(groups))
    for group, told in enumerate(groups):
        alone = curve(told)
        mine = together.group == group
        for ours, own in zip(together[1:], alone[1:], strict=True):
            assert np.allclose(ours[mine], own, rtol=0, atol=1e-9)
        for ours, own in zip(summary, summaries(alone, 1), strict=True):
            assert np.array_equal(ours[group : group + 1], own, equal_nan=True)


def test_nobody_at_all_has_a_curve_that_never_falls() -> None:
    found = curve([])
    assert [point.share for point in points_of(found)] == [1.0]
    assert np.isnan(summaries(found, 1).median[0])


def test_a_long_curve_is_thinned_out_and_keeps_its_end() -> None:
    found = curve([(second, True) for second in range(5000)])
    points = points_of(found)
    assert len(points) == MOST_POINTS
    assert (points[0].share, points[-1].seconds, points[-1].share) == (1.0, 4999.0, 0.0)
    assert all(one.seconds <= other.seconds for one, other in pairwise(points))
