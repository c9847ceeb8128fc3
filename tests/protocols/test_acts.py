"""Acts on a hand-off: what each moves, who is asked next, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from protocols.decision import (
    ClockState,
    CloseReferral,
    MoveCustody,
    MoveHandOff,
    OpenHandOff,
    RecordEvent,
    StopClock,
)
from protocols.lifecycle import Act, Party, State
from protocols.permits import outcomes_for
from tests.protocols.moments import OFFICE, Referral, asked, child_case, facts, referral, run_of


def emergency() -> Referral:
    return referral(
        run_of(facts(age=30, foreign_national=False), HT="indicated", urgency="emergency"),
        "trafficking",
    )


def test_accepting_moves_custody_and_says_received_first() -> None:
    case = child_case()
    decision = case.act(Act.ACCEPT, *OFFICE)
    moves = [(one.act, one.to_state) for one in decision.all(MoveHandOff)]
    assert moves == [(Act.ACKNOWLEDGE, State.RECEIVED), (Act.ACCEPT, State.ACCEPTED)]
    assert [one.hand_off for one in decision.all(MoveCustody)] == [case.run.custody]


def test_accepting_after_acknowledging_moves_once() -> None:
    case = child_case()
    case.act(Act.ACKNOWLEDGE, *OFFICE)
    decision = case.act(Act.ACCEPT, *OFFICE)
    assert [one.act for one in decision.all(MoveHandOff)] == [Act.ACCEPT]


def test_the_first_to_accept_closes_the_rival() -> None:
    case = emergency()
    decision = case.act(Act.ACCEPT, "ZZ-T01", "RIVER_POLICE")
    rival = [one for one in decision.all(MoveHandOff) if one.act is Act.CANCEL]
    assert [(one.hand_off, one.reason_code) for one in rival] == [("ZZ-T01/1/POLICE", "SUPERSEDED")]
    assert "ZZ-T01.answer" not in case.running()
    assert case.run.holder_mandates == {"RIVER_POLICE"}


def test_accepting_a_task_never_moves_custody() -> None:
    case = emergency()
    case.act(Act.ACCEPT, "ZZ-T01", "POLICE")
    before = case.run.custody
    decision = case.act(Act.ACCEPT, "ZZ-T04", "HEALTH")
    assert decision.all(MoveCustody) == ()
    assert case.run.custody == before


def test_a_task_asked_of_all_is_accepted_by_each_for_itself() -> None:
    case = referral(run_of(facts(age=33), HT="indicated", place="AR-K"), "trafficking", "AR")
    case.record("search_ordered")
    decision = case.act(Act.ACCEPT, "AR-T08", "POLICE_FED")
    assert all(one.act is not Act.CANCEL for one in decision.all(MoveHandOff))
    # One declines: nobody takes the place of somebody who was asked for itself.
    declined = case.act(Act.DECLINE, "AR-T08", "VICTIM_RESCUE", "NO_CAPACITY")
    assert asked(declined) == []
    assert "AR-T08 refused" in {one.event for one in declined.all(RecordEvent)}


def test_a_task_asked_of_any_is_superseded_when_one_accepts() -> None:
    case = referral(run_of(facts(age=11), CL="indicated", place="AR-K"), "child_labour", "AR")
    decision = case.act(Act.ACCEPT, "AR-C01", "INSPECT_NAT")
    closed = {one.hand_off for one in decision.all(MoveHandOff) if one.act is Act.CANCEL}
    assert closed == {"AR-C01/1/INSPECT_PROV", "AR-C01/1/INSPECT_RURAL"}


def test_the_receivers_other_mandates_count_from_acceptance_on() -> None:
    case = child_case()
    answer = case.try_to(Act.ACCEPT, *OFFICE, also=frozenset({"CHILD_PROTECTION", "PROSECUTION"}))
    assert "ZZ-C04 held" not in {
        one.event for one in case.keep(answer).all(RecordEvent)
    }  # excluded for a parent, whoever holds it
    other = referral(run_of(facts(age=10, beneficiary="other"), CL="indicated"), "child_protection")
    answer = other.try_to(Act.ACCEPT, *OFFICE, also=frozenset({"CHILD_PROTECTION", "PROSECUTION"}))
    assert "ZZ-C04 held" in {one.event for one in other.keep(answer).all(RecordEvent)}


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("NO_CAPACITY", [("ZZ-C01", "CHILD_PROTECTION_NATIONAL")]),
        ("SAFETY_RISK", [("ZZ-C01", "CHILD_PROTECTION_NATIONAL")]),
        ("DUPLICATE", []),
    ],
)
def test_a_decline_goes_where_the_table_says(reason: str, expected: list[tuple[str, str]]) -> None:
    case = child_case()
    decision = case.act(Act.DECLINE, *OFFICE, reason)
    assert asked(decision) == expected
    assert case.run.custody is None
    for one in decision.all(OpenHandOff):
        assert one.replaces == "ZZ-C01/1/CHILD_PROTECTION"
        assert one.no_decline
        assert one.national


def test_a_decline_may_open_another_step() -> None:
    run = run_of(facts(age=11, beneficiary="other"), CL="indicated", place="AR-K")
    case = referral(run, "child_labour", "AR")
    decision = case.act(Act.DECLINE, "AR-C05", "PROSEC_PROV", "OUT_OF_JURISDICTION")
    assert asked(decision) == [("AR-C05-FED", "PROSEC_FED")]


def test_the_next_is_not_asked_while_a_rival_may_still_accept() -> None:
    case = emergency()
    assert asked(case.act(Act.DECLINE, "ZZ-T01", "POLICE", "NO_CAPACITY")) == []
    assert asked(case.act(Act.DECLINE, "ZZ-T01", "RIVER_POLICE", "NO_CAPACITY")) == [
        ("ZZ-T01", "TRAFFICKING_UNIT")
    ]


def test_going_to_the_last_asks_it_only_once() -> None:
    case = emergency()
    first = case.act(Act.DECLINE, "ZZ-T01", "POLICE", "SAFETY_RISK")
    assert asked(first) == [("ZZ-T01", "TRAFFICKING_UNIT")]
    assert asked(case.act(Act.DECLINE, "ZZ-T01", "RIVER_POLICE", "SAFETY_RISK")) == []


def test_after_a_failure_the_receiver_still_holds_and_the_next_is_asked() -> None:
    case = child_case()
    case.act(Act.ACCEPT, *OFFICE)
    case.act(Act.COMPLETE, *OFFICE, "SEPARATION_NEEDED")
    case.act(Act.ACCEPT, "ZZ-C07", "SHELTER")
    case.act(Act.START, "ZZ-C07", "SHELTER")
    decision = case.act(Act.FAIL, "ZZ-C07", "SHELTER", "UNSAFE")
    assert case.run.holder_mandates == {"SHELTER"}
    assert asked(decision) == [("ZZ-C07", "CHILD_PROTECTION")]


def test_after_the_last_body_failed_it_still_holds_and_must_look_again() -> None:
    case = child_case()
    case.act(Act.DECLINE, *OFFICE, "NO_CAPACITY")
    case.act(Act.ACCEPT, "ZZ-C01", "CHILD_PROTECTION_NATIONAL")
    case.act(Act.ACKNOWLEDGE, "ZZ-C03", "LABOUR_INSPECTION")
    case.act(Act.START, "ZZ-C01", "CHILD_PROTECTION_NATIONAL")
    decision = case.act(Act.FAIL, "ZZ-C01", "CHILD_PROTECTION_NATIONAL", "UNSAFE")
    assert "ZZ-C01 refused" in {one.event for one in decision.all(RecordEvent)}
    assert case.running() == {"ZZ-C99.review"}


def test_what_a_former_holder_does_no_longer_moves_the_referral() -> None:
    case = child_case()
    case.act(Act.ACCEPT, *OFFICE)
    case.record("ZZ-C02 SEPARATION_NEEDED")
    case.act(Act.ACCEPT, "ZZ-C07", "SHELTER")
    decision = case.act(Act.CANCEL, *OFFICE, "OTHER")
    assert asked(decision) == []
    assert case.run.holder_mandates == {"SHELTER"}
    assert case.run.open


def test_cancelling_after_acceptance_opens_the_return() -> None:
    case = child_case()
    case.act(Act.ACCEPT, *OFFICE)
    assert asked(case.act(Act.CANCEL, *OFFICE, "OTHER")) == [
        ("ZZ-C01", "CHILD_PROTECTION_NATIONAL")
    ]


def test_a_sender_who_sent_it_wrongly_asks_the_next_else_it_stays_with_the_sender() -> None:
    case = child_case()
    wrong = case.try_to(Act.CANCEL, *OFFICE, "SENT_TO_WRONG_AGENCY", party=Party.SENDER)
    assert asked(wrong) == [("ZZ-C01", "CHILD_PROTECTION_NATIONAL")]
    other = case.try_to(Act.CANCEL, *OFFICE, "NO_LONGER_NEEDED", party=Party.SENDER)
    assert asked(other) == []


def test_completing_carries_the_outcome_to_the_duty_that_came_with_acceptance() -> None:
    case = child_case()
    case.act(Act.ACCEPT, *OFFICE)
    decision = case.act(Act.COMPLETE, *OFFICE, "NO_SEPARATION_NEEDED")
    events = {one.event for one in decision.all(RecordEvent)}
    assert {"ZZ-C02 completed", "ZZ-C02 NO_SEPARATION_NEEDED", "ZZ-C05 held"} <= events
    # Carried to the duty once only.
    assert outcomes_for(case.protocol, "ZZ-C01") == (
        "ONWARD_REFERRAL_MADE",
        "NO_SEPARATION_NEEDED",
        "SEPARATION_NEEDED",
        "UNFOUNDED",
    )


def test_closing_takes_back_what_nobody_accepted_and_lets_the_rest_go_on() -> None:
    run = run_of(facts(age=30, works=True, foreign_national=False), HT="indicated")
    case = referral(run, "trafficking")
    case.act(Act.ACCEPT, "ZZ-T02", "TRAFFICKING_UNIT")
    case.act(Act.ACCEPT, "ZZ-T04", "HEALTH")
    decision = case.act(Act.COMPLETE, "ZZ-T02", "TRAFFICKING_UNIT", "VICTIM_STATUS_NOT_CONFIRMED")
    assert [one.outcome for one in decision.all(CloseReferral)] == ["VICTIM_STATUS_NOT_CONFIRMED"]
    assert case.hand_off("ZZ-T08", "LABOUR_INSPECTION").state is State.CANCELLED
    assert case.hand_off("ZZ-T04", "HEALTH").state is State.ACCEPTED
    assert {"ZZ-T04.examined", "ZZ-T03.read", "ZZ-T10.read"} <= case.running()
    # What goes on after closing opens nothing but stops its own clock.
    done = case.act(Act.COMPLETE, "ZZ-T04", "HEALTH", "SERVICE_DELIVERED")
    assert asked(done) == []
    assert "ZZ-T04.examined" not in case.running()


def test_after_closing_nobody_is_asked_to_take_the_person_over() -> None:
    case = child_case()
    case.act(Act.ACCEPT, *OFFICE)
    assert case.record("case_closed").all(CloseReferral)
    stopped = case.act(Act.CANCEL, *OFFICE, "NO_LONGER_NEEDED")
    assert stopped.all(OpenHandOff) == ()
    assert case.run.custody == "ZZ-C01/1/CHILD_PROTECTION"


def test_a_notice_is_read_and_then_done() -> None:
    case = child_case()
    case.act(Act.ACKNOWLEDGE, "ZZ-C03", "LABOUR_INSPECTION")
    answer = case.try_to(Act.COMPLETE, "ZZ-C03", "LABOUR_INSPECTION")
    case.keep(answer)
    assert case.hand_off("ZZ-C03", "LABOUR_INSPECTION").state is State.COMPLETED


def test_holding_and_resuming_change_the_state_and_stop_no_limit() -> None:
    case = child_case()
    case.act(Act.ACCEPT, *OFFICE)
    before = case.running()
    case.act(Act.HOLD, *OFFICE, "AWAITING_INFORMATION")
    case.act(Act.RESUME, *OFFICE)
    assert case.running() == before


def test_an_entry_made_in_error_leaves_the_sender_holding_with_a_clock() -> None:
    case = child_case()
    case.act(Act.ACKNOWLEDGE, "ZZ-C03", "LABOUR_INSPECTION")
    case.keep(case.try_to(Act.VOID, *OFFICE, "WRONG_PERSON", party=Party.SENDER))
    assert case.hand_off(*OFFICE).state is State.ENTERED_IN_ERROR
    assert case.running() == {"ZZ-C99.review"}


def test_limits_are_judged_by_when_it_happened() -> None:
    case = child_case()
    happened = case.now + timedelta(hours=20)
    for _ in range(5):
        case.lapse("ZZ-C01.answer")
    (first,) = [one for one in case.run.clocks if one.hand_off == case.hand_off(*OFFICE).id]
    assert first.state is ClockState.LAPSED
    answer = case.try_to(Act.ACCEPT, *OFFICE, occurred_at=happened)
    stops = {one.clock: one for one in case.keep(answer).all(StopClock)}
    met = stops[first.id]
    assert (met.at, met.to) == (happened, ClockState.STOPPED)


def test_a_limit_met_too_late_is_stopped_as_run_out() -> None:
    case = child_case()
    case.later(30)
    decision = case.act(Act.ACCEPT, *OFFICE)
    assert {one.to for one in decision.all(StopClock)} == {ClockState.LAPSED}
