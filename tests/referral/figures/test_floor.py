"""Who works on none of the cases sees no count of 1 to 10, and nothing that gives one away."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from referral.figures import Counts, Figure, Group, Kept, Measure, Times
from referral.figures.floor import FLOOR, STATES, floored, floored_kept, hidden

count = st.one_of(st.integers(0, 15), st.integers(0, 300))
states = st.lists(count, min_size=len(STATES), max_size=len(STATES))


def figure(told: list[int], name: str) -> Figure:
    asked = sum(told)
    return Figure(
        Group(track=name),
        Counts(asked=asked, **dict(zip(STATES, told, strict=True))),
        {m: Times(asked, 3, 4, 1, 60.0, 50.0, 70.0, 90.0, small=asked < 30) for m in Measure},
        Kept(asked, asked - 3, 3, 0, 0.9),
    )


def summed(parts: list[Figure]) -> Figure:
    told = [sum(getattr(one.counts, name) or 0 for one in parts) for name in STATES]
    return figure(told, "all")


def numbers(one: Any) -> list[int]:
    return [n for n in asdict(one).values() if isinstance(n, int) and not isinstance(n, bool)]


@given(st.lists(states, min_size=1, max_size=6))
def test_no_count_of_one_to_ten_is_left(rows: list[list[int]]) -> None:
    parts = [figure(row, str(at)) for at, row in enumerate(rows)]
    seen, total = floored(parts, summed(parts))
    for one in (*seen, total):
        shown = [*numbers(one.counts), *numbers(one.legal), *numbers(one.proposed)]
        shown += [n for times in one.times.values() for n in numbers(times)]
        assert not [n for n in shown if 0 < n < FLOOR]
        exact = [getattr(one.counts, name) for name in STATES] if one is not total else []
        assert FLOOR not in exact  # elsewhere ten is eleven to nineteen, rounded down (D6)


@given(st.lists(states, min_size=1, max_size=6))
def test_no_row_and_no_column_lacks_exactly_one(rows: list[list[int]]) -> None:
    """Nothing is found by subtraction: where one is hidden another is, or all is rounded."""
    parts = [figure(row, str(at)) for at, row in enumerate(rows)]
    seen, total = floored(parts, summed(parts))
    lines = [[getattr(one.counts, name) for name in STATES] for one in seen]
    lines += [[getattr(one.counts, name) for one in seen] for name in STATES] if parts[1:] else []
    for line, whole in zip(lines, [*(one.counts.asked for one in seen)], strict=False):
        if line.count(None) == 1:
            assert whole is None or whole % FLOOR == 0
            assert not any(line)  # there was no other number to hide
    for name in STATES:
        column = [getattr(one.counts, name) for one in seen]
        if None in column and getattr(total.counts, name) is not None:
            assert getattr(total.counts, name) % FLOOR == 0


def test_a_group_of_ten_is_hidden_whole_and_one_of_eleven_is_not() -> None:
    parts = [figure([10, 0, 0, 0, 0, 0], "few"), figure([11, 0, 0, 40, 0, 0], "more")]
    (few, more), _ = floored(parts, summed(parts))
    assert few.hidden
    assert set(asdict(few.counts).values()) == {None}
    assert few.times[Measure.ACCEPTED] == Times(None, None, None, None)
    assert not more.hidden
    assert more.times[Measure.ACCEPTED].median == 60.0


def test_zero_may_be_shown() -> None:
    (one,), total = floored([figure([0] * 6, "none")], figure([0] * 6, "all"))
    assert (one.hidden, one.counts.asked, total.counts.asked) == (False, 0, 0)


def test_an_estimate_over_ten_is_hidden() -> None:
    told = Figure(
        Group(),
        Counts(asked=50, completed=50),
        {Measure.CONTACT: Times(10, 40, 0, 0, 60.0, 50.0, 70.0, 90.0)},
    )
    (seen,), _ = floored([told], told)
    assert seen.times[Measure.CONTACT] == Times(None, 40, 0, 0)


def test_a_share_needs_thirty_and_gives_away_neither_side() -> None:
    assert floored_kept(Kept(60, 40, 20, 0, 2 / 3)).share == 2 / 3
    assert floored_kept(Kept(60, 57, 3, 0, 0.95)).share is None
    assert floored_kept(Kept(25, 13, 12, 0, 0.5)).share is None
    assert floored_kept(Kept(60, 57, 3, 0, 0.95)) == Kept(60, 50, None, 0, None)


def test_every_count_is_either_a_state_or_under_the_floor_by_itself() -> None:
    assert [hidden(n) for n in (0, 1, 10, 11, None)] == [0, None, None, 11, None]
    told = Counts(**{one.name: 5 for one in fields(Counts)})
    (seen,), _ = floored([Figure(Group(), told)], Figure(Group(), told))
    assert set(asdict(seen.counts).values()) == {None}
