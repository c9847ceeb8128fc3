"""A change is dated: what held before stays written as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from agencies.register.dating import Held, changes
from agencies.register.entries import Charge

ON = date(2026, 3, 2)
ALWAYS = Charge("POLICE", "ZZ-N", "INTAKE", 10, False, "law", date(2020, 1, 1), None)


def held(*charges: Charge) -> list[Held]:
    return [Held(uuid4(), charge) for charge in charges]


def test_the_mandates_of_a_new_agency_begin_as_they_are_written() -> None:
    assert changes([], [ALWAYS], ON, complete=True, known=False).begin == [ALWAYS]


def test_a_new_mandate_of_a_known_agency_begins_today_and_rewrites_no_past() -> None:
    found = changes([], [ALWAYS], ON, complete=True, known=True)
    assert found.begin == [replace(ALWAYS, valid_from=ON)]


def test_what_stands_already_is_left_alone() -> None:
    found = changes(held(ALWAYS), [ALWAYS], ON, complete=True)
    assert (found.begin, found.end, found.unchanged) == ([], [], 1)


def test_a_changed_mandate_ends_today_and_begins_anew_today() -> None:
    stored = held(ALWAYS)
    wanted = replace(ALWAYS, priority=20)
    found = changes(stored, [wanted], ON, complete=True)
    assert found.end == stored
    assert found.begin == [replace(wanted, valid_from=ON)]


def test_after_a_dated_change_the_same_file_changes_nothing() -> None:
    wanted = replace(ALWAYS, priority=20)
    stored = held(replace(ALWAYS, valid_until=ON), replace(wanted, valid_from=ON))
    found = changes(stored, [wanted], date(2026, 5, 1), complete=True)
    assert (found.begin, found.end, found.withdraw, found.unchanged) == ([], [], [], 1)


def test_what_began_only_today_is_replaced_and_leaves_no_trace() -> None:
    stored = held(replace(ALWAYS, valid_from=ON))
    found = changes(stored, [replace(ALWAYS, priority=20)], ON, complete=True)
    assert (found.end, found.withdraw) == ([], stored)


def test_a_mandate_no_longer_listed_ends_in_a_complete_register_only() -> None:
    stored = held(ALWAYS)
    assert changes(stored, [], ON, complete=True).end == stored
    assert changes(stored, [], ON, complete=False).end == []


def test_the_wording_of_a_source_is_corrected_in_place() -> None:
    stored = held(ALWAYS)
    found = changes(stored, [replace(ALWAYS, source="law, art. 3")], ON, complete=True)
    assert found.reword == [(stored[0], "law, art. 3")]
    assert (found.begin, found.end) == ([], [])


def test_a_mandate_that_is_over_is_recorded_once() -> None:
    over = replace(ALWAYS, valid_until=date(2025, 5, 1))
    assert changes([], [over], ON, complete=True).begin == [over]
    again = changes(held(over), [over], ON, complete=True)
    assert (again.begin, again.end, again.unchanged) == ([], [], 1)


def test_a_mandate_that_will_begin_is_entered_beside_the_one_that_ends_then() -> None:
    then = date(2027, 1, 1)
    now_on = replace(ALWAYS, valid_until=then)
    later = replace(ALWAYS, valid_from=then, priority=5)
    found = changes(held(now_on), [now_on, later], ON, complete=True)
    assert (found.begin, found.end, found.unchanged) == ([later], [], 1)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.booleans()), max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.booleans()), max_size=4),
)
def test_doing_what_is_said_is_enough_whatever_stood_before(
    before: list[tuple[int, int, bool]], after: list[tuple[int, int, bool]]
) -> None:
    stored = held(*_charges(before))
    wanted = _charges(after)
    first = changes(stored, wanted, ON, complete=True)
    gone = {row.id for row in first.withdraw}
    ended = {row.id for row in first.end}
    now = [
        Held(row.id, replace(row.charge, valid_until=ON) if row.id in ended else row.charge)
        for row in stored
        if row.id not in gone
    ]
    now += held(*first.begin)
    assert all(
        row.charge.valid_until is None or row.charge.valid_from < row.charge.valid_until
        for row in now
    )
    second = changes(now, wanted, ON, complete=True)
    assert (second.begin, second.end, second.withdraw) == ([], [], [])


def _charges(spelled: list[tuple[int, int, bool]]) -> list[Charge]:
    """Up to four mandates, one per place: from some year on, for ever or until another year."""
    return [
        replace(
            ALWAYS,
            place=f"ZZ-{number}",
            priority=priority,
            valid_from=date(2020 + 4 * start, 1, 1),
            valid_until=date(2024 + 4 * start, 1, 1) if ends else None,
        )
        for number, (start, priority, ends) in enumerate(spelled)
    ]
