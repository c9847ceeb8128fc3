"""Time passes: who is reminded, alerted or asked when nobody acts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from protocols import engine
from protocols.decision import AdvanceClock, ClockState, HoldStep, MoveHandOff, Refused, StartClock
from protocols.lifecycle import Act, Party
from protocols.rungs import RungKind
from tests.protocols.drafts import TRACK, altered, small
from tests.protocols.moments import (
    FRIDAY,
    OFFICE,
    asked,
    assessed,
    child_case,
    facts,
    referral,
    run_of,
    told,
)


def test_asking_the_next_is_an_alert_where_somebody_has_already_accepted() -> None:
    text, _ = altered(TRACK, "until: [accepted, declined]", "until: completed")
    case = small(text)
    case.act(Act.ACCEPT, "Q1", "LOCAL")
    case.lapse("Q1.answer")
    assert told(case.lapse("Q1.answer")) == [(RungKind.ALERT, "COUNCIL")]
    assert [one.mandate for one in case.run.hand_offs] == ["LOCAL"]


def test_the_ladder_of_an_unanswered_hand_off_ends_at_a_body_that_may_not_decline() -> None:
    case = child_case()
    assert told(case.lapse("ZZ-C01.answer")) == [(RungKind.REMINDER, "receiver")]
    assert case.now == FRIDAY + timedelta(hours=12)
    assert told(case.lapse("ZZ-C01.answer")) == [
        (RungKind.ALERT, "supervisor_of_receiver"),
        (RungKind.ALERT, "sender"),
    ]
    next_asked = case.lapse("ZZ-C01.answer")
    assert asked(next_asked) == [("ZZ-C01", "CHILD_PROTECTION_NATIONAL")]
    assert case.run.custody is None
    assert told(case.lapse("ZZ-C01.answer")) == [(RungKind.ALERT, "COORDINATION")]
    spent = case.lapse("ZZ-C01.answer")
    assert [one.state for one in spent.all(AdvanceClock)] == [ClockState.LAPSED]


def test_when_nobody_is_left_to_ask_the_body_above_is_alerted() -> None:
    case = child_case()
    case.act(Act.DECLINE, *OFFICE, "NO_CAPACITY")
    case.lapse("ZZ-C01.answer")
    case.lapse("ZZ-C01.answer")
    assert told(case.lapse("ZZ-C01.answer")) == [(RungKind.ALERT, "COORDINATION")]


def test_nothing_escalates_to_the_body_that_let_the_limit_pass() -> None:
    case = referral(
        run_of(facts(age=30, works=False, foreign_national=False), HT="indicated"), "trafficking"
    )
    case.act(Act.DECLINE, "ZZ-T02", "TRAFFICKING_UNIT", "NO_CAPACITY")
    own = [one for one in case.run.clocks if one.hand_off == "ZZ-T03/1/COORDINATION"]
    assert own
    # The council is the last of ZZ-T02's order; the child directorate is told, not the council.
    case.lapse("ZZ-T02.answer")
    case.lapse("ZZ-T02.answer")
    assert told(case.lapse("ZZ-T02.answer")) == [(RungKind.ALERT, "CHILD_PROTECTION_NATIONAL")]


def test_an_excluded_body_is_not_alerted_either() -> None:
    run = run_of(facts(age=11, rural_site=False), CL="indicated", place="AR-K")
    case = referral(run, "child_labour", "AR")
    clock = replace(case.protocol.clocks["AR-C04.told"], escalates_to="INSPECT_RURAL")
    clocks = {**case.protocol.clocks, clock.id: clock}
    case.protocol = replace(case.protocol, clocks=clocks)
    for _ in range(2):
        case.lapse("AR-C04.told")
    assert told(case.lapse("AR-C04.told")) == [(RungKind.ALERT, "supervisor_of_holder")]


def test_a_limit_that_has_passed_may_open_a_step() -> None:
    run = run_of(facts(age=8), CL="indicated", place="AR-X")
    case = referral(run, "child_labour", "AR")
    case.record("measure_adopted")
    case.lapse("AR-C11.half_year")
    decision = case.lapse("AR-C11.half_year")
    assert "AR-C13" in {one.step for one in decision.all(HoldStep)}
    assert "AR-C13.opinion" in case.running()


def test_a_recurring_limit_begins_again_when_its_ladder_is_spent() -> None:
    case = assessed()
    case.record("ZZ-C02 NO_SEPARATION_NEEDED")
    case.record("plan_reviewed")
    case.lapse("ZZ-C05.reviewed")
    case.lapse("ZZ-C05.reviewed")
    decision = case.lapse("ZZ-C05.reviewed")
    assert [one.clock for one in decision.all(StartClock)] == ["ZZ-C05.reviewed"]


def test_whoever_only_holds_has_no_sender_to_alert() -> None:
    case = child_case()
    case.act(Act.ACKNOWLEDGE, "ZZ-C03", "LABOUR_INSPECTION")
    case.act(Act.DECLINE, *OFFICE, "DUPLICATE")
    assert told(case.lapse("ZZ-C99.review")) == [(RungKind.REMINDER, "holder")]
    assert told(case.lapse("ZZ-C99.review")) == [(RungKind.ALERT, "supervisor_of_holder")]
    decision = case.lapse("ZZ-C99.review")
    assert [one.clock for one in decision.all(StartClock)] == ["ZZ-C99.review"]


def test_a_clock_that_does_not_run_does_not_lapse() -> None:
    case = assessed()
    stopped = case.clock("ZZ-C01.answer")
    for clock in (stopped.id, "nothing"):
        no = engine.lapse(case.protocol, case.run, clock, FRIDAY)
        assert isinstance(no, Refused)
        assert no.rule == "running clock"


def test_a_fall_back_the_holder_itself_is_keeps_the_person_and_closes_what_is_open() -> None:
    run = run_of(facts(age=30), HT="indicated", place="AR-K", holder=("PROSEC_HT",))
    case = referral(run, "trafficking", "AR")
    for _ in range(2):
        case.lapse("AR-T01.filed")
    decision = case.lapse("AR-T01.filed")
    assert "AR-T01" in {one.step for one in decision.all(HoldStep)}
    closed = {one.hand_off for one in decision.all(MoveHandOff)}
    assert closed == {"AR-T01/1/HOTLINE_HT"}


def test_a_rung_that_asks_the_next_is_moot_once_somebody_has_answered() -> None:
    case = referral(run_of(facts(age=30), HT="indicated", place="AR-K"), "trafficking", "AR")
    case.act(Act.ACCEPT, "AR-T01", "HOTLINE_HT")
    case.act(Act.ACCEPT, "AR-T04", "PROSEC_HT")
    case.record("AR-T05 SENT_TO_COURT")
    case.act(Act.ACKNOWLEDGE, "AR-T06", "COURT_FED")
    taken = case.clock("AR-T06.taken")
    assert taken.state is ClockState.RUNNING
    case.keep(case.try_to(Act.CANCEL, "AR-T06", "COURT_FED", "OTHER", party=Party.SENDER))
    assert case.clock("AR-T06.taken").state is ClockState.STOPPED
