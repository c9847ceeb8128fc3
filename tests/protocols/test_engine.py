"""Events, amendments and lapses: the three verbs that are nobody's act on a hand-off."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from protocols import engine
from protocols.decision import (
    AdvanceClock,
    ClockState,
    CloseReferral,
    Escalate,
    HoldStep,
    MoveHandOff,
    NeedFact,
    OpenHandOff,
    Refused,
    RungKind,
    StartClock,
    StopClock,
)
from protocols.lifecycle import Act, Party
from protocols.permits import recordable
from protocols.rehearsal import carried_out
from tests.protocols.drafts import TRACK, altered, compiled
from tests.protocols.moments import (
    CHILD,
    FRIDAY,
    Referral,
    child_case,
    facts,
    referral,
    run_of,
)

OFFICE = ("ZZ-C01", "CHILD_PROTECTION")


def asked(decision: object) -> list[tuple[str, str]]:
    return [(one.step, one.mandate) for one in decision.all(OpenHandOff)]  # type: ignore[attr-defined]


def told(decision: object) -> list[tuple[RungKind, str]]:
    return [(one.kind, one.to) for one in decision.all(Escalate)]  # type: ignore[attr-defined]


# --- record --------------------------------------------------------------------------------------


def assessed() -> Referral:
    case = child_case()
    case.act(Act.ACCEPT, *OFFICE)
    return case


def test_the_outcome_of_a_duty_is_recorded_by_the_holder() -> None:
    case = assessed()
    decision = case.record("ZZ-C02 NO_SEPARATION_NEEDED")
    assert [one.step for one in decision.all(HoldStep)] == ["ZZ-C05"]
    assert "ZZ-C02.high_risk" not in case.running()


def test_an_event_that_does_not_repeat_is_recorded_once() -> None:
    case = assessed()
    case.record("case_closed")
    case.run = replace(case.run, open=True)
    no = engine.record(case.protocol, case.run, "case_closed", FRIDAY)
    assert isinstance(no, Refused)
    assert no.rule == "once only"


@pytest.mark.parametrize(
    "event", ["eclipse", "ZZ-C02 WON", "ZZ-C05 SERVICE_DELIVERED", "ZZ-C01 again"]
)
def test_what_cannot_be_recorded_now_is_refused_with_what_can(event: str) -> None:
    case = assessed()
    no = engine.record(case.protocol, case.run, event, FRIDAY)
    assert isinstance(no, Refused)
    assert no.rule == "known event"
    assert "ZZ-C02 UNFOUNDED" in no.explanation


def test_a_repeating_event_ends_one_review_and_begins_the_next() -> None:
    case = assessed()
    case.record("ZZ-C02 NO_SEPARATION_NEEDED")
    case.record("plan_reviewed")
    case.later(24)
    decision = case.record("plan_reviewed")
    assert len(decision.all(StopClock)) == 1
    assert [one.clock for one in decision.all(StartClock)] == ["ZZ-C05.reviewed"]


def test_a_clock_that_restarts_begins_anew_with_its_event() -> None:
    run = run_of(facts(age=8, high_risk=True), CL="indicated", place="AR-X")
    case = referral(run, "child_labour", "AR")
    case.record("measure_adopted")
    case.later(80 * 24)
    decision = case.record("measure_extended")
    (term,) = [one for one in decision.all(StartClock) if one.clock == "AR-C11.term"]
    assert term.starts_at == case.now
    # The 180 days do not restart with an extension.
    assert "AR-C11.half_year" not in {one.clock for one in decision.all(StartClock)}


def test_the_holder_may_ask_again_when_nobody_has_the_step_in_hand() -> None:
    case = child_case()
    case.act(Act.DECLINE, *OFFICE, "DUPLICATE")
    assert "ZZ-C01 again" in recordable(case.protocol, case.run)
    (opened,) = case.record("ZZ-C01 again").all(OpenHandOff)
    assert (opened.mandate, opened.opening) == ("CHILD_PROTECTION", 2)


def test_after_closing_only_what_a_follow_up_waits_for_is_recorded() -> None:
    case = assessed()
    case.record("ZZ-C02 NO_SEPARATION_NEEDED")
    decision = case.record("ZZ-C05 SERVICE_DELIVERED")
    assert decision.all(CloseReferral)
    assert case.running() == {
        "ZZ-C03.read",
        "ZZ-C08.read",
        "ZZ-C09.after_30_days",
        "ZZ-C09.after_180_days",
    }
    case.record("child_visited")
    assert "ZZ-C09.after_30_days" not in case.running()
    no = engine.record(case.protocol, case.run, "plan_reviewed", FRIDAY)
    assert isinstance(no, Refused)


def test_a_filer_who_still_holds_is_told_nothing_it_knows() -> None:
    case = referral(run_of(CHILD, CL="indicated", holder=("CHILD_PROTECTION",)), "child_protection")
    decision = case.record("ZZ-C02 UNFOUNDED")
    assert asked(decision) == []
    assert "ZZ-C08" in {one.step for one in decision.all(HoldStep)}


def test_nobody_is_given_notice_of_its_own_act() -> None:
    run = run_of(facts(age=11, beneficiary="parent"), CL="indicated", place="AR-T")
    case = referral(run, "child_labour", "AR")
    case.act(Act.ACCEPT, "AR-C01", "INSPECT_PROV")
    decision = case.act(Act.COMPLETE, "AR-C01", "INSPECT_PROV", "INSPECTION_DONE")
    assert asked(decision) == [("AR-C03", "CL_COMMISSION_PROV")]


# --- amend ---------------------------------------------------------------------------------------


def test_new_facts_close_what_nobody_accepted_and_open_it_again() -> None:
    case = referral(run_of(facts(age=12), CL="indicated"), "child_protection")
    case.act(Act.ACCEPT, *OFFICE)
    gone = case.amend(facts(age=12, beneficiary="parent"))
    assert [one.reason_code for one in gone.all(MoveHandOff)] == ["NO_LONGER_NEEDED"]
    back = case.amend(facts(age=12, beneficiary="other"))
    assert asked(back) == [("ZZ-C04", "PROSECUTION")]


def test_what_was_accepted_stays_accepted() -> None:
    case = referral(run_of(facts(age=12), CL="indicated"), "child_protection")
    case.act(Act.ACCEPT, *OFFICE)
    case.act(Act.ACCEPT, "ZZ-C04", "PROSECUTION")
    assert case.amend(facts(age=12, beneficiary="parent")).items == ()


def test_a_condition_that_becomes_false_withdraws_the_hand_off() -> None:
    case = referral(run_of(facts(age=12), CL="indicated"), "child_protection")
    decision = case.amend(facts(age=12, works=False))
    assert [one.hand_off for one in decision.all(MoveHandOff)] == ["ZZ-C03/1/LABOUR_INSPECTION"]
    assert "ZZ-C03.read" not in case.running()


def test_a_recipient_that_becomes_excluded_is_replaced() -> None:
    case = referral(run_of(facts(age=30), HT="indicated", place="AR-K"), "trafficking", "AR")
    decision = case.amend(facts(age=30, hotline_unreachable=True))
    assert asked(decision) == [("AR-T01", "PROSEC_HT")]


def test_a_triaged_report_is_filed_in_full_when_screening_says_more() -> None:
    case = referral(run_of(reported="CL"), "child_protection")
    decision = case.amend(facts(age=11, works=True), CL="indicated")
    assert asked(decision) == [("ZZ-C03", "LABOUR_INSPECTION")]
    assert "filing" in case.run.events
    assert case.amend(facts(age=11, works=True)).items == ()


def test_an_emergency_learned_later_starts_the_shorter_limit() -> None:
    case = child_case()
    case.later(1)
    answer = engine.amend(case.protocol, case.run, CHILD, case.now, urgency="emergency")
    (clock,) = case.keep(answer).all(StartClock)
    assert (clock.clock, clock.starts_at, clock.hand_off) == (
        "ZZ-C01.at_once",
        case.now,
        "ZZ-C01/1/CHILD_PROTECTION",
    )


def test_a_limit_whose_reason_falls_away_is_stopped() -> None:
    case = referral(run_of(facts(age=13), CL="indicated"), "child_protection")
    case.act(Act.ACCEPT, *OFFICE)
    assert {"ZZ-C02.high_risk", "ZZ-C02.other_risk"} <= case.running()
    case.amend(facts(age=13, high_risk=False))
    assert "ZZ-C02.high_risk" not in case.running()
    # The same facts again change nothing.
    assert case.amend(facts(age=13, high_risk=False)).items == ()


def test_a_limit_that_depends_on_an_unknown_fact_runs_and_asks_for_it() -> None:
    case = referral(run_of(facts(age=13), CL="indicated"), "child_protection")
    decision = case.act(Act.ACCEPT, *OFFICE)
    assert "high_risk" in {one.fact for one in decision.all(NeedFact)}


def test_a_closed_referral_is_not_amended() -> None:
    case = child_case()
    case.record("case_closed")
    no = engine.amend(case.protocol, case.run, CHILD, FRIDAY)
    assert isinstance(no, Refused)
    assert no.rule == "open referral"


def test_a_rival_that_becomes_excluded_is_taken_back_and_the_others_still_may_accept() -> None:
    case = referral(run_of(facts(age=11), CL="indicated", place="AR-K"), "child_labour", "AR")
    decision = case.amend(facts(age=11, rural_site=False))
    assert [one.hand_off for one in decision.all(MoveHandOff)] == ["AR-C01/1/INSPECT_RURAL"]
    assert asked(decision) == []


# --- small drafts: what the countries do not (yet) say ------------------------------------------


def small(track: str, *, age: int = 10, works: bool | None = None) -> Referral:
    """A referral under a draft of the small country."""
    protocol, problems = compiled(track)
    assert problems == ()
    known = facts(age=age) if works is None else facts(age=age, works=works)
    run = run_of(known, CL="indicated", place="QQ")
    (opening,) = engine.file((protocol,), run, FRIDAY)
    return Referral(protocol, carried_out(run, opening.decision))


def test_a_duty_whose_condition_is_false_is_not_kept() -> None:
    case = small(TRACK, age=14, works=False)
    decision = case.act(Act.ACCEPT, "Q1", "LOCAL")
    assert decision.all(HoldStep) == ()
    assert case.running() == {"Q9.review"}


def test_what_would_open_and_be_taken_back_at_once_never_was() -> None:
    step = """  Q3:
    title: {en: Look, es: Mirar}
    kind: task
    ask: POLICE
    follows: Q2 HELPED
    basis: sop
    sources: [LAW]
    clocks:
      looked:
        from: opened
        until: completed
        limit: 1 h
        basis: sop
        sources: [LAW]
        escalates_to: COUNCIL
review:
"""
    case = small(TRACK.replace("review:\n", step))
    case.act(Act.ACCEPT, "Q1", "LOCAL")
    decision = case.record("Q2 HELPED")
    assert decision.all(CloseReferral)
    assert asked(decision) == []
    assert decision.all(MoveHandOff) == ()
    assert "Q3.looked" not in {one.clock for one in decision.all(StartClock)}


def test_asking_the_next_is_an_alert_where_somebody_has_already_accepted() -> None:
    text, _ = altered(TRACK, "until: [accepted, declined]", "until: completed")
    case = small(text)
    case.act(Act.ACCEPT, "Q1", "LOCAL")
    case.lapse("Q1.answer")
    assert told(case.lapse("Q1.answer")) == [(RungKind.ALERT, "COUNCIL")]
    assert [one.mandate for one in case.run.hand_offs] == ["LOCAL"]


# --- lapse ---------------------------------------------------------------------------------------


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
    for _ in range(3):
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
