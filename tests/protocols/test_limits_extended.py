"""A limit is extended as often as the law allows; what has passed is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from protocols import engine
from protocols.decision import ClockState, ExtendClock, PauseClock, Refused, StartClock
from protocols.lifecycle import Act, Party
from protocols.permits import recordable
from protocols.rungs import RungKind
from tests.protocols.drafts import altered, compiled, small
from tests.protocols.moments import FRIDAY, Referral, assessed, facts, run_of, told
from tests.protocols.prolonged import begun_by_hand, day_end, due, hours, law, visiting


def test_an_extended_limit_is_counted_from_its_beginning_with_its_whole_ladder() -> None:
    case = visiting()
    case.lapse("Q2.visited")  # the reminder at half of 24 hours
    (extended,) = case.record("prolonged").all(ExtendClock)
    assert extended.due_at == due(case) == day_end(13)
    assert (extended.count, extended.rung) == (1, 0)
    assert extended.derivation[0].startswith("Extended, 1 of at most 1")
    assert told(case.lapse("Q2.visited")) == [(RungKind.REMINDER, "receiver")]


def test_it_is_extended_as_often_as_the_law_allows_and_then_refused() -> None:
    case = visiting(law(to="[48 h, 72 h]"))
    assert "prolonged" in recordable(case.protocol, case.run)
    case.record("prolonged")
    (second,) = case.record("prolonged").all(ExtendClock)
    assert second.due_at == hours(72)
    no = engine.record(case.protocol, case.run, "prolonged", case.now)
    assert isinstance(no, Refused)
    assert no.rule == "at most"
    assert "Q2.visited" in no.explanation
    assert "prolonged" not in recordable(case.protocol, case.run)


def test_where_nothing_runs_that_it_extends_the_event_is_only_written_down() -> None:
    case = small(law())
    assert case.record("prolonged").all(ExtendClock) == ()


def test_an_act_extends_no_further_than_the_law_allows() -> None:
    text, _ = altered(law(), "by: prolonged", "by: [prolonged, Q1 started, Q1 completed]")
    case = visiting(text)
    assert len(case.keep(case.try_to(Act.START, "Q1", "LOCAL")).all(ExtendClock)) == 1
    done = case.keep(case.try_to(Act.COMPLETE, "Q1", "LOCAL", "NOT_HELPED"))
    assert done.all(ExtendClock) == ()


def test_what_has_passed_is_not_extended() -> None:
    case = visiting()
    case.later(25)
    assert case.record("prolonged").all(ExtendClock) == ()
    assert due(case) == hours(24)


def test_an_extension_told_late_revives_a_limit_whose_ladder_is_spent() -> None:
    case = visiting()
    for _ in range(3):
        case.lapse("Q2.visited")
    assert case.clock("Q2.visited").state is ClockState.LAPSED
    case.now = hours(20)
    (extended,) = case.record("prolonged").all(ExtendClock)
    assert extended.state is ClockState.RUNNING
    assert "Q2.visited" in case.running()


def test_an_extension_revives_nothing_that_was_met_late() -> None:
    case = visiting()
    case.later(30)
    case.record("Q2 NOT_HELPED")
    case.now = hours(20)
    assert case.record("prolonged").all(ExtendClock) == ()


def sent_to_court() -> Referral:
    """The court has not ruled in seven days: everybody has been told."""
    case = assessed()
    case.record("ZZ-C02 SEPARATION_NEEDED")
    while case.clock("ZZ-C06.separation").state is ClockState.RUNNING:
        case.lapse("ZZ-C06.separation")
    case.now = hours(20)
    return case


def test_an_extension_told_late_revives_no_limit_of_a_hand_off_that_has_ended() -> None:
    in_hand, voided = sent_to_court(), sent_to_court()
    assert len(in_hand.record("court_extended").all(ExtendClock)) == 1
    voided.keep(voided.try_to(Act.VOID, "ZZ-C06", "COURT", "OTHER", party=Party.SENDER))
    assert voided.record("court_extended").all(ExtendClock) == ()


def test_an_extension_told_late_revives_no_limit_whose_condition_has_become_false() -> None:
    case = visiting(law(more="        runs_if: small\n"))
    for _ in range(3):
        case.lapse("Q2.visited")
    case.amend(facts(age=17))
    case.now = hours(20)
    assert case.record("prolonged").all(ExtendClock) == ()


@pytest.mark.parametrize(
    ("survives", "revived"), [("", 0), ("        survives_closing: true\n", 1)]
)
def test_after_closing_an_extension_told_late_revives_only_a_follow_up(
    survives: str, revived: int
) -> None:
    text, _ = altered(law(more=survives), "by: prolonged", "by: [prolonged, Q1 completed]")
    case = begun_by_hand(text)
    for _ in range(3):
        case.lapse("Q2.visited")
    case.record("Q2 HELPED")
    assert not case.run.open
    case.now = hours(20)
    decision = case.act(Act.COMPLETE, "Q1", "LOCAL", "NOT_HELPED")
    assert len(decision.all(ExtendClock)) == revived


def test_a_limit_that_stands_still_is_extended_and_goes_on_standing() -> None:
    case = visiting(law(to="48 h"))
    case.later(10)
    case.record("sat")
    case.later(100)
    (extended,) = case.record("prolonged").all(ExtendClock)
    assert extended.state is ClockState.PAUSED
    case.record("rose")
    assert due(case) == hours(148)
    assert case.clock("Q2.visited").extensions == 1


def test_what_befalls_a_limit_in_the_decision_in_which_it_begins_is_part_of_its_beginning() -> None:
    text, _ = altered(law(), "from: accepted", "from: Q1 completed")
    text, _ = altered(text, "from: sat", "from: [sat, Q1 NOT_HELPED]")
    text, _ = altered(text, "until: completed", "until: moved")
    case = visiting(text)
    decision = case.act(Act.COMPLETE, "Q1", "LOCAL", "NOT_HELPED")
    (begun,) = (one for one in decision.all(StartClock) if one.clock == "Q2.visited")
    assert begun.state is ClockState.PAUSED
    assert decision.all(PauseClock) == ()
    assert case.clock("Q2.visited").state is ClockState.PAUSED
    case.later(5)
    case.record("rose")
    assert due(case) == hours(29)


def test_an_event_that_has_happened_before_filing_extends_what_filing_begins() -> None:
    text, _ = altered(law(), "from: accepted", "from: filing")
    protocol, problems = compiled(text)
    assert problems == ()
    run = run_of(facts(age=10), CL="indicated", place="QQ")
    (opening,) = engine.file((protocol,), replace(run, events=frozenset({"prolonged"})), FRIDAY)
    (begun,) = (one for one in opening.decision.all(StartClock) if one.clock == "Q2.visited")
    assert begun.extensions == 1
    assert begun.due_at == begun.rungs[1].at == day_end(13)
    assert opening.decision.all(ExtendClock) == ()


def test_an_act_and_its_outcome_extend_a_limit_once() -> None:
    text, _ = altered(
        law(to="[48 h, 72 h]"), "by: prolonged", "by: [prolonged, Q1 completed, Q1 NOT_HELPED]"
    )
    case = begun_by_hand(text)
    decision = case.act(Act.COMPLETE, "Q1", "LOCAL", "NOT_HELPED")
    assert [one.count for one in decision.all(ExtendClock)] == [1]
    assert due(case) == hours(48)
