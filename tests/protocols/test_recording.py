"""What the holder records, and what follows: events, the outcomes of duties, asking again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from protocols import engine
from protocols.decision import (
    CloseReferral,
    HoldStep,
    MoveHandOff,
    OpenHandOff,
    Refused,
    StartClock,
    StopClock,
)
from protocols.lifecycle import Act
from protocols.permits import recordable
from tests.protocols.drafts import TRACK, small
from tests.protocols.moments import (
    CHILD,
    FRIDAY,
    OFFICE,
    asked,
    assessed,
    child_case,
    facts,
    referral,
    run_of,
)


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
