"""What is remembered of a filing answers every other one as if nothing were remembered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols import engine, remembered
from protocols.calendars import CalendarNotCovered
from protocols.decision import Run, StartClock
from protocols.protocol import Protocol
from protocols.remembered import Remembered
from protocols.screening import screen
from tests.protocols.drafts import altered, compiled
from tests.protocols.moments import CATALOGUE, FRIDAY, IN_FORCE, facts, run_of
from tests.protocols.prolonged import law
from tests.protocols.test_walks import situations

PLACES = {
    "AR": ("AR", "AR-X", "AR-B", "AR-M"),
    "LR": ("LR", "LR-MO", "LR-NI"),
    "PY": ("PY", "PY-7", "PY-7-ENCARNACION"),
    "TH": ("TH", "TH-74", "TH-S"),
    "ZZ": ("ZZ", "ZZ-N", "ZZ-S"),
}


def forgetful(protocol: Protocol) -> Protocol:
    """The same version, which has never been asked."""
    return replace(protocol)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Run, datetime]:
    """Somebody filed somewhere, at some moment of the covered years."""
    country = draw(st.sampled_from(sorted(PLACES)))
    law = CATALOGUE.country(country)
    known = facts(**draw(situations()))
    found = screen(law.parameters, known)
    events = sorted(
        {event for one in CATALOGUE.in_force(country, IN_FORCE) for event in one.events}
    )
    run = Run(
        known,
        found.results,
        draw(st.sampled_from(PLACES[country])),
        reported=draw(st.sampled_from([None, "CL", "FL", "HT"])),
        urgency=str(found.urgency),
        holder_mandates=draw(st.frozensets(st.sampled_from(sorted(law.mandates)), max_size=2)),
        excluding=draw(st.sampled_from([frozenset(), frozenset({"a force"})])),
        events=draw(st.frozensets(st.sampled_from(events), max_size=1)),
    )
    minutes = draw(st.integers(0, 200 * 24 * 60))
    return run, FRIDAY + timedelta(minutes=minutes)


@settings(max_examples=150, deadline=None)
@given(cases())
def test_whoever_answers_alike_gets_the_same_decision(
    case: tuple[Run, datetime],
) -> None:
    run, at = case
    for track in CATALOGUE.in_force(run.place[:2], IN_FORCE):
        engine.file((track,), run, FRIDAY)  # whatever is decided now may be remembered
        again = engine.file((track,), run, at)
        assert again == engine.file((forgetful(track),), run, at)


def test_only_the_ends_of_limits_differ_from_one_moment_to_another() -> None:
    (track,) = (one for one in CATALOGUE.in_force("ZZ", IN_FORCE) if one.track == "trafficking")
    run = run_of(facts(age=10), HT="indicated", CL="indicated")
    track = forgetful(track)
    (first,) = engine.file((track,), run, FRIDAY)
    (second,) = engine.file((track,), run, FRIDAY + timedelta(days=1))
    assert len(track.beginnings) == 1
    for one, other in zip(first.decision.items, second.decision.items, strict=True):
        if isinstance(one, StartClock):
            assert isinstance(other, StartClock)
            assert replace(one, due=other.due) == other
            assert one.due_at <= other.due_at
        else:
            assert one is other


def test_a_year_nobody_knows_is_refused_although_the_filing_is_remembered() -> None:
    tracks = tuple(map(forgetful, CATALOGUE.in_force("ZZ", IN_FORCE)))
    run = run_of(facts(age=10), HT="indicated", CL="indicated")
    engine.file(tracks, run, FRIDAY)
    with pytest.raises(CalendarNotCovered):
        engine.file(tracks, run, datetime(2040, 5, 1, 9, tzinfo=UTC))


def test_a_limit_extended_from_the_first_is_decided_each_time() -> None:
    text, _ = altered(law(), "from: accepted", "from: filing")
    protocol, problems = compiled(text)
    assert problems == ()
    run = replace(
        run_of(facts(age=10), CL="indicated", place="QQ"), events=frozenset({"prolonged"})
    )
    for day in range(3):
        at = FRIDAY + timedelta(days=day)
        assert engine.file((protocol,), run, at) == engine.file((forgetful(protocol),), run, at)
    assert not protocol.beginnings


def test_the_oldest_answer_gives_way_to_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "MOST", 2)
    memory: Remembered[str, int] = Remembered()
    for number, word in enumerate(["one", "two", "three"]):
        assert memory.keep(word, number) == number
    assert memory == {"two": 1, "three": 2}


def test_where_something_was_asked_before_it_is_decided_each_time() -> None:
    (track,) = (one for one in CATALOGUE.in_force("ZZ", IN_FORCE) if one.track == "trafficking")
    track = forgetful(track)
    run = replace(run_of(facts(age=10), HT="indicated", CL="indicated"), open=False)
    assert engine.file((track,), run, FRIDAY) == engine.file((forgetful(track),), run, FRIDAY)
    assert not track.beginnings


def test_a_limit_names_the_calendar_it_was_counted_by_and_is_like_no_other_thing() -> None:
    (track,) = (one for one in CATALOGUE.in_force("ZZ", IN_FORCE) if one.track == "trafficking")
    run = run_of(facts(age=10), HT="indicated", CL="indicated")
    (filed,) = engine.file((track,), run, FRIDAY)
    begun = filed.decision.all(StartClock)
    assert begun
    for clock in begun:
        assert clock.calendar == clock.due.calendar
        assert clock.calendar.endswith(clock.due.counted_by.version)
        assert clock.due != clock.due.moment
