"""What may not be done is refused with its rule, and nothing has changed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from protocols import engine
from protocols.decision import Refused
from protocols.lifecycle import Act, Party, State
from protocols.permits import outcomes_for, reasons_for
from tests.protocols.moments import OFFICE, child_case, facts, referral, run_of

REFUSED = [
    (Act.START, None, Party.RECEIVER, "life cycle"),
    (Act.ACCEPT, None, Party.SENDER, "whose act"),
    (Act.DECLINE, "BECAUSE", Party.RECEIVER, "reason code"),
    (Act.DECLINE, None, Party.RECEIVER, "reason code"),
    (Act.CANCEL, "TIRED", Party.SENDER, "reason code"),
]


@pytest.mark.parametrize(("act", "code", "party", "rule"), REFUSED)
def test_what_is_not_possible_is_refused_and_nothing_has_changed(
    act: Act, code: str | None, party: Party, rule: str
) -> None:
    case = child_case()
    before = case.run
    no = case.try_to(act, *OFFICE, code, party=party)
    assert isinstance(no, Refused)
    assert (no.rule, no.state, case.run) == (rule, State.REQUESTED, before)
    assert no.explanation


def test_an_outcome_that_is_not_of_the_step_is_refused() -> None:
    case = child_case()
    case.act(Act.ACCEPT, *OFFICE)
    case.act(Act.START, *OFFICE)
    no = case.try_to(Act.COMPLETE, *OFFICE, "WON")
    assert isinstance(no, Refused)
    assert no.rule == "outcome"
    assert "UNFOUNDED" in no.explanation


def test_nothing_happens_in_the_future() -> None:
    case = child_case()
    no = case.try_to(Act.ACCEPT, *OFFICE, occurred_at=case.now + timedelta(minutes=1))
    assert isinstance(no, Refused)
    assert no.rule == "occurred_at"


def test_an_unknown_hand_off_is_refused() -> None:
    case = child_case()
    no = engine.act(case.protocol, case.run, "nobody", Act.ACCEPT, case.now, party=Party.RECEIVER)
    assert isinstance(no, Refused)
    assert no.rule == "known hand-off"


def test_a_gate_closes_an_act_until_another_is_recorded() -> None:
    run = run_of(facts(age=30, works=True, foreign_national=False), HT="indicated")
    case = referral(run, "trafficking")
    no = case.try_to(Act.ACCEPT, "ZZ-T08", "LABOUR_INSPECTION")
    assert isinstance(no, Refused)
    assert no.rule == "gate decision_before_order"
    case.act(Act.ACCEPT, "ZZ-T02", "TRAFFICKING_UNIT")
    case.record("ZZ-T05 VICTIM_STATUS_CONFIRMED")
    case.act(Act.ACCEPT, "ZZ-T08", "LABOUR_INSPECTION")


def test_the_last_of_the_order_may_not_decline() -> None:
    case = child_case()
    case.act(Act.DECLINE, *OFFICE, "NO_CAPACITY")
    no = case.try_to(Act.DECLINE, "ZZ-C01", "CHILD_PROTECTION_NATIONAL", "NO_CAPACITY")
    assert isinstance(no, Refused)
    assert no.rule == "no decline"
    assert Act.ACCEPT in no.possible


def test_reasons_are_those_of_the_step_in_the_order_of_the_country() -> None:
    protocol = child_case().protocol
    assert reasons_for(protocol, "ZZ-C01", Act.DECLINE)[:2] == (
        "OUT_OF_JURISDICTION",
        "OUT_OF_MANDATE",
    )
    assert "INSUFFICIENT_INFORMATION" not in reasons_for(protocol, "ZZ-C01", Act.DECLINE)
    assert "UNSAFE" in reasons_for(protocol, "ZZ-C01", Act.FAIL)
    # A step without outcomes of its own may end in any of the country's.
    assert "ADVICE_GIVEN" in outcomes_for(protocol, "ZZ-C99")
