"""A limit stands still and goes on later by that time; the ladder knows hours after its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocols import engine
from protocols.check import check
from protocols.decision import (
    AdvanceClock,
    ClockState,
    Escalate,
    PauseClock,
    Refused,
    ResumeClock,
    StartClock,
    StopClock,
)
from protocols.explain import procedure
from protocols.lifecycle import Act
from protocols.permits import recordable
from protocols.protocol import Protocol
from protocols.rungs import RungKind
from protocols.vocabulary import load_vocabulary
from tests.protocols.drafts import altered, compiled, written
from tests.protocols.moments import CATALOGUE, FRIDAY, facts, told
from tests.protocols.prolonged import begun_by_hand, day_end, due, hours, law, visiting


def test_a_limit_in_hours_ends_later_by_the_hours_it_stood_still() -> None:
    case = visiting()
    case.later(10)
    (paused,) = case.record("sat").all(PauseClock)
    assert paused.at == hours(10)
    assert case.clock("Q2.visited").state is ClockState.PAUSED
    case.later(100)
    (resumed,) = case.record("rose").all(ResumeClock)
    assert resumed.due_at == due(case) == hours(124)
    assert any("stood still from Saturday 7 November 2026 01:40" in x for x in resumed.derivation)
    assert "Q2.visited" in case.running()


def test_what_remained_of_the_ladder_moves_on_with_the_limit() -> None:
    case = visiting()
    case.later(10)
    case.record("sat")
    case.later(100)
    case.record("rose")
    assert told(case.lapse("Q2.visited")) == [(RungKind.REMINDER, "receiver")]
    assert case.now == hours(112)
    case.lapse("Q2.visited")
    assert case.now == hours(124)


def test_a_rung_that_has_fired_does_not_fire_again_when_the_limit_goes_on() -> None:
    case = visiting()
    case.lapse("Q2.visited")
    case.record("sat")
    case.later(100)
    (resumed,) = case.record("rose").all(ResumeClock)
    assert resumed.rung == 1
    assert told(case.lapse("Q2.visited"))[0][0] is RungKind.ALERT


def test_while_it_stands_still_nobody_is_told_and_the_holder_reviews() -> None:
    case = visiting()
    decision = case.record("sat")
    assert [one.clock for one in decision.all(StartClock)] == ["Q9.review"]
    no = engine.lapse(case.protocol, case.run, case.clock("Q2.visited").id, hours(12))
    assert isinstance(no, Refused)
    assert no.rule == "running clock"


def test_a_limit_stands_still_once_at_a_time_and_goes_on_only_if_it_stood() -> None:
    case = visiting()
    assert case.record("rose").all(ResumeClock) == ()
    case.record("sat")
    assert case.record("sat").all(PauseClock) == ()
    case.later(2)
    case.record("rose")
    case.later(2)
    case.record("sat")
    case.later(3)
    case.record("rose")
    assert due(case) == hours(29)
    assert len(case.clock("Q2.visited").stood) == 2


def test_what_is_met_while_it_stands_still_is_met() -> None:
    case = visiting()
    case.record("sat")
    case.later(1000)
    (stopped,) = case.record("Q2 NOT_HELPED").all(StopClock)[:1]
    assert stopped.to is ClockState.STOPPED


def test_what_has_passed_does_not_stand_still_any_more() -> None:
    case = visiting()
    case.later(25)
    assert case.record("sat").all(PauseClock) == ()
    assert "Q2.visited" in case.running()


def test_closing_ends_what_stands_still() -> None:
    case = visiting()
    case.record("sat")
    case.record("Q2 HELPED")
    assert case.clock("Q2.visited").state is ClockState.STOPPED
    assert not case.run.open


def test_a_limit_that_stands_still_is_not_started_again_and_ends_with_its_condition() -> None:
    text, _ = altered(law(more="        runs_if: small\n"), "from: accepted", "from: again")
    text, _ = altered(
        text, "events:\n", "events:\n  again: {title: {en: A, es: A}, repeats: true}\n"
    )
    case = visiting(text)
    case.record("again")
    case.record("sat")
    assert case.record("again").all(StartClock) == ()
    stopped = case.amend(facts(age=17)).all(StopClock)
    assert [one.to for one in stopped] == [ClockState.STOPPED]


@pytest.mark.parametrize(
    ("limit", "sat", "rose", "ends"),
    [
        # Friday 6 November, 15:40. A pause from Monday to Wednesday; then one over the weekend.
        ("5 wd", 66, 114, 17),
        ("5 cd", 66, 114, 13),
        ("5 wd", 18, 60, 13),
        ("5 cd", 18, 60, 13),
        # On its last day, for three days.
        ("1 cd", 24, 96, 10),
        # Within one day.
        ("5 cd", 66, 67, 11),
    ],
)
def test_days_are_added_one_for_each_on_which_it_stood_still(
    limit: str, sat: int, rose: int, ends: int
) -> None:
    case = visiting(law(limit, "30 cd"))
    case.later(sat)
    case.record("sat")
    case.later(rose - sat)
    case.record("rose")
    assert due(case) == day_end(ends)
    assert due(case) >= case.now


def test_what_is_told_late_counts_from_when_it_happened() -> None:
    case = visiting()
    case.now = hours(-2)  # before the limit began, a slip of somebody's pen
    (paused,) = case.record("sat").all(PauseClock)
    assert paused.stood[0].since == FRIDAY
    case.record("rose")
    assert due(case) == hours(24)


def test_a_pause_that_ends_in_the_same_act_moves_nothing() -> None:
    text, _ = altered(
        law(), "from: sat, until: [rose, moved]", "from: Q1 completed, until: Q1 NOT_HELPED"
    )
    case = begun_by_hand(text)
    decision = case.act(Act.COMPLETE, "Q1", "LOCAL", "NOT_HELPED")
    assert len(decision.all(PauseClock)) == len(decision.all(ResumeClock)) == 1
    assert due(case) == hours(24)
    assert case.clock("Q2.visited").state is ClockState.RUNNING


# --- the ladder --------------------------------------------------------------------------------


def test_rungs_so_many_hours_late_come_in_the_order_of_their_moments() -> None:
    case = visiting(law(ladder="late"))
    assert told(case.lapse("Q2.visited")) == [(RungKind.ALERT, "holder")]
    assert case.now == hours(24)
    decision = case.lapse("Q2.visited")
    assert case.now == hours(48)
    assert {kind for kind, _ in told(decision)} == {
        RungKind.AGENDA, RungKind.ALERT, RungKind.REMINDER,
    }  # fmt: skip
    longer = visiting(law("72 h", ladder="late"))
    longer.lapse("Q2.visited")
    assert {kind for kind, _ in told(longer.lapse("Q2.visited"))} == {
        RungKind.AGENDA, RungKind.ALERT,
    }  # fmt: skip
    assert longer.now == hours(96)


def test_a_ladder_without_an_end_keeps_its_last_rung() -> None:
    case = visiting(law(ladder="early"))
    case.later(13)
    case.record("sat")
    (resumed,) = case.record("rose").all(ResumeClock)
    assert resumed.rung == 0
    (spent,) = case.lapse("Q2.visited").all(AdvanceClock)
    assert spent.state is ClockState.LAPSED


def test_whoever_is_told_hears_what_may_lawfully_be_done() -> None:
    (reminder,) = visiting().lapse("Q2.visited").all(Escalate)
    assert reminder.choices == ("prolonged", "Q2 HELPED")


# --- written down ------------------------------------------------------------------------------


def test_after_closing_a_follow_up_still_stands_still_and_is_extended() -> None:
    text, _ = altered(
        law(more="        survives_closing: true\n"), "after: Q2 HELPED", "after: moved"
    )
    text, _ = altered(text, "    forbids: [moved]", "    forbids: [sat]")
    text, _ = altered(text, "    until: [Q2 completed]", "    until: [moved]")
    text, _ = altered(text, "[rose, moved]", "rose")
    case = visiting(text)
    case.record("moved")
    assert not case.run.open
    assert {"sat", "rose", "prolonged"} <= set(recordable(case.protocol, case.run))
    case.record("prolonged")
    assert due(case) == day_end(13)


def test_the_procedure_says_when_it_stands_still_what_extends_it_and_what_is_lawful() -> None:
    protocol: Protocol = CATALOGUE.version_of("ZZ", "child_protection")
    country = CATALOGUE.country("ZZ")
    plain = procedure(protocol, country, load_vocabulary(), "en")
    (limit,) = (
        one for step in plain["steps"] for one in step["limits"] if one["id"].endswith("separation")
    )
    marks = "; ".join(limit["marks"])
    assert "stands still from The court adjourns its hearing until The court goes on" in marks
    assert "to 14 calendar days, counted from the beginning (extensions allowed: 1)" in marks
    assert "at the limit one of these is lawful: The court lets" in marks
    assert any("24 hours after the limit" in one for one in limit["if_nobody_answers"])


def test_a_pause_and_an_extension_no_case_reaches_are_named(tmp_path: Path) -> None:
    report = check((), written(tmp_path, law()))
    missed = report.countries[0].not_exercised
    assert {"pause of Q2.visited", "extension of Q2.visited"} <= set(missed)


def test_a_law_that_prolongs_nothing_has_the_digest_it_always_had() -> None:
    protocol, _ = compiled()
    longer, _ = compiled(law())
    assert protocol.digest == "d8ba6ba3bcca05e72e26aea7538ff9d0aca6dbc6b0333eee3a91a2b9a9ff0e73"
    assert longer.digest != protocol.digest
