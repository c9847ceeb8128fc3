"""New facts: what opens, what is taken back, what stays because somebody accepted it."""

from __future__ import annotations

from protocols import engine
from protocols.decision import MoveHandOff, NeedFact, Refused, StartClock
from protocols.lifecycle import Act
from tests.protocols.moments import (
    CHILD,
    FRIDAY,
    OFFICE,
    asked,
    child_case,
    facts,
    referral,
    run_of,
)


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
