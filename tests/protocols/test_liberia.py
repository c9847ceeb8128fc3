"""What Liberia's files say of safeguards, the 72 hours, the agenda and the year's holidays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest

from protocols import engine
from protocols.catalogue import Catalogue
from protocols.check import check
from protocols.decision import ClockState, Decision, OpenHandOff, Run, RunningClock, StartClock
from protocols.explain import procedure
from protocols.facts import Facts, Value
from protocols.protocol import Protocol
from protocols.rehearsal import carried_out
from protocols.rungs import RungKind
from protocols.spoken import Speaker
from protocols.typeset import as_text
from protocols.vocabulary import load_vocabulary

CATALOGUE = Catalogue.load(only=["LR"])
TRACKS = CATALOGUE.in_force("LR", date(2026, 11, 26))
NAMES = sorted(track.track for track in TRACKS)
SAFEGUARDS = ("lr_listed_task", "lr_trained", "lr_supervised", "lr_protective_measures")
NIGHT = datetime(2026, 11, 7, 3, tzinfo=UTC)


def track(name: str) -> Protocol:
    return CATALOGUE.version_of("LR", name)


def test_its_files_are_sound_and_its_worked_cases_reach_every_rule() -> None:
    report = check(["LR"], proving=False)
    assert report.sound, [str(one) for one in report.problems]
    (found,) = report.countries
    assert found.cases >= 35
    assert found.not_exercised == ()


@pytest.mark.parametrize("name", NAMES)
def test_one_language_is_enough_to_read_a_track(name: str) -> None:
    law, country, vocabulary = track(name), CATALOGUE.country("LR"), load_vocabulary()
    plain = procedure(law, country, vocabulary, "en")
    text = " ".join(as_text(plain, Speaker(law, country, vocabulary, "en")).split())
    assert "PROPOSED, no legal number" in text
    assert "{" not in text
    assert "Chair of the Anti-Human Trafficking Task Force" in text


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def test_every_office_is_closed_on_the_eleven_holidays_of_each_covered_year() -> None:
    calendar = CATALOGUE.calendar("LR", "LABOUR_COUNTY", "LR-MO")
    fixed = ((1, 1), (2, 11), (3, 15), (5, 14), (7, 26), (8, 24), (11, 29), (12, 25))
    for year in calendar.covered:
        days = {date(year, month, day) for month, day in fixed}
        # Second Wednesday of March, second Friday of April, first Thursday of November.
        days |= {_nth(year, 3, 2, 2), _nth(year, 4, 4, 2), _nth(year, 11, 3, 1)}
        assert {day for day in calendar.closed if day.year == year} == days


def _filed(name: str, facts: Mapping[str, Value | None], run: Run) -> tuple[Protocol, Run]:
    known = {key: value for key, value in facts.items() if value is not None}
    law, run = track(name), replace(run, facts=Facts(known))
    (opening,) = engine.file([law], run, NIGHT)
    return law, carried_out(run, opening.decision)


BY_INSPECTOR = Run(
    facts=Facts(),
    results=(("CL", "indicated"),),
    place="LR-MO",
    holder_mandates=frozenset({"LABOUR_COUNTY"}),
)
BY_ANYBODY = Run(facts=Facts(), results=(("HT", "indicated"),), place="LR-MO")


@pytest.mark.parametrize("known", list(product([True, False, None], repeat=4)))
def test_work_at_17_is_left_alone_only_if_all_four_safeguards_are_known(
    known: tuple[bool | None, ...],
) -> None:
    facts = {"age": 17, "lr_committee": False, **dict(zip(SAFEGUARDS, known, strict=True))}
    law, run = _filed("child_labour", facts, BY_INSPECTOR)
    answer = engine.record(law, run, "LR-04-VISIT HAZARDOUS_WORK", NIGHT)
    assert isinstance(answer, Decision)
    asked = [one.mandate for one in answer.all(OpenHandOff)]
    assert asked == ([] if all(one is True for one in known) else ["PROTECT_COUNTY"])


@pytest.mark.parametrize("age", [15, 18])
def test_safeguards_allow_nothing_at_another_age(age: int) -> None:
    facts = {"age": age, "lr_committee": False, **dict.fromkeys(SAFEGUARDS, True)}
    law, run = _filed("child_labour", facts, BY_INSPECTOR)
    answer = engine.record(law, run, "LR-04-VISIT HAZARDOUS_WORK", NIGHT)
    assert isinstance(answer, Decision)
    assert [one.mandate for one in answer.all(OpenHandOff)] == ["PROTECT_COUNTY"]


def test_the_72_hours_are_counted_from_the_assault_once_it_is_dated() -> None:
    law, run = _filed("sexual_violence", {"age": 15, "lr_sexual_violence": True}, BY_ANYBODY)
    assert _due(run, "LR-07-CARE.prophylaxis") == NIGHT + timedelta(hours=72)
    assault = NIGHT - timedelta(hours=20)
    answer = engine.record(law, run, "assault_dated", assault)
    assert isinstance(answer, Decision)
    (started,) = answer.all(StartClock)
    assert started.due_at == NIGHT + timedelta(hours=52)


def test_the_48_hours_of_the_constitution_run_whoever_answers_for_the_police() -> None:
    law, run = _filed("trafficking", {"age": 30}, BY_ANYBODY)
    decided = engine.record(law, run, "suspect_arrested", NIGHT)
    assert isinstance(decided, Decision)
    run = carried_out(run, decided)
    (clock,) = (one for one in run.clocks if one.clock == "LR-12.before_court")
    assert (clock.hand_off, clock.due_at) == (None, NIGHT + timedelta(hours=48))


def _due(run: Run, clock: str) -> datetime:
    (running,) = (one for one in run.clocks if _runs(one, clock))
    return running.due_at


def _runs(one: RunningClock, clock: str) -> bool:
    return one.clock == clock and one.state is ClockState.RUNNING


@pytest.mark.parametrize("name", NAMES)
def test_whatever_is_overdue_falls_into_the_monthly_agenda(name: str) -> None:
    law = track(name)
    # Time to think, and the end of a quarter: nobody is late.
    reminders = {"gentle", "quarter"}
    for clock in (*law.clocks.values(), law.review):
        kinds = {rung.kind for rung in law.ladders[clock.ladder].rungs}
        assert RungKind.AGENDA in kinds or clock.ladder in reminders, clock.id
