"""A limit whose condition turns out to hold begins when that is learned, for whoever is at it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from protocols.decision import ClockState, StartClock
from protocols.lifecycle import Act
from tests.protocols.drafts import small
from tests.protocols.moments import OFFICE, Referral, facts, referral, run_of
from tests.protocols.proof.small import with_third

OLDER = facts(age=13, works=True, beneficiary="parent", high_risk=False)
ELEVEN = facts(age=11, works=True, beneficiary="parent", high_risk=False)


def begun(decision: object) -> list[tuple[str, str | None]]:
    """The limits a decision sets going: which, and on which hand-off."""
    return [(one.clock, one.hand_off) for one in decision.all(StartClock)]  # type: ignore[attr-defined]


def assessed() -> Referral:
    case = referral(run_of(OLDER, CL="indicated"), "child_protection")
    case.act(Act.ACCEPT, *OFFICE)
    assert case.running() >= {"ZZ-C02.other_risk"}
    return case


def test_a_child_that_turns_out_to_be_eleven_is_seen_within_the_shorter_limit() -> None:
    case = assessed()
    case.later(5)
    assert begun(case.amend(ELEVEN)) == [("ZZ-C02.high_risk", None)]
    assert "ZZ-C02.other_risk" not in case.running()
    assert case.clock("ZZ-C02.high_risk").starts_at == case.now
    # It runs once; and what is told again changes nothing.
    assert case.amend(ELEVEN).items == ()


def test_a_duty_that_is_done_has_no_limit_any_more() -> None:
    case = assessed()
    case.record("ZZ-C02 NO_SEPARATION_NEEDED")
    assert "ZZ-C02.high_risk" not in {one for one, _ in begun(case.amend(ELEVEN))}


def test_a_limit_that_has_passed_does_not_begin_again() -> None:
    case = assessed()
    case.amend(ELEVEN)
    while "ZZ-C02.high_risk" in case.running():
        case.lapse("ZZ-C02.high_risk")
    assert begun(case.amend(ELEVEN)) == []


def test_facts_that_fall_away_and_come_back_set_the_limit_going_again() -> None:
    case = assessed()
    case.amend(ELEVEN)
    assert begun(case.amend(OLDER)) == [("ZZ-C02.other_risk", None)]
    assert case.clock("ZZ-C02.high_risk").state is ClockState.STOPPED
    assert begun(case.amend(ELEVEN)) == [("ZZ-C02.high_risk", None)]


def visiting(until: str = "completed", start: str = "accepted") -> Referral:
    """The police have accepted a task that must be done in five days for the youngest."""
    text = with_third(
        ("from: opened", f"from: {start}"),
        ("[accepted, declined]", until),
        (
            "        escalates_to: NATION\n",
            "        escalates_to: NATION\n        runs_if: small\n",
        ),
    )
    case = small(text, age=14, works=True)
    case.run = replace(case.run, facts=facts(age=14, works=True))
    case.act(Act.ACCEPT, "Q1", "LOCAL")
    case.act(Act.ACCEPT, "Q3", "POLICE")
    return case


@pytest.mark.parametrize("start", ["accepted", "opened", "acknowledged"])
def test_whoever_has_accepted_hears_of_a_limit_learned_later(start: str) -> None:
    case = visiting(start=start)
    assert begun(case.amend(facts(age=10))) == [("Q3.answer", "Q3/1/POLICE")]


@pytest.mark.parametrize(
    ("until", "start"),
    [("accepted", "opened"), ("[completed, moved]", "accepted"), ("completed", "started")],
)
def test_a_limit_that_was_met_or_has_not_begun_does_not_begin_late(until: str, start: str) -> None:
    case = visiting(until, start)
    case.run = replace(case.run, events=case.run.events | {"moved"})
    assert begun(case.amend(facts(age=10))) == []


def test_a_limit_from_the_beginning_of_work_begins_for_whoever_is_at_work() -> None:
    case = visiting(start="started")
    case.keep(case.try_to(Act.START, "Q3", "POLICE"))
    assert begun(case.amend(facts(age=10))) == [("Q3.answer", "Q3/1/POLICE")]


def kept(**changes: str) -> Referral:
    """The office itself does what comes next: it keeps the third step."""
    pairs = (("ask: POLICE", "ask: LOCAL"), ("[accepted, declined]", "completed"))
    text = with_third(*pairs, *changes.items())
    case = small(text, age=14, works=True)
    case.act(Act.ACCEPT, "Q1", "LOCAL")
    assert "Q3 held" in case.run.events
    return case


def test_a_step_the_holder_keeps_is_reminded_of_after_the_hand_off_it_came_with() -> None:
    case = kept()
    case.act(Act.COMPLETE, "Q1", "LOCAL", "NOT_HELPED")
    assert "Q3.answer" in case.running()
    case.record("Q3 HELPED")
    assert "Q3.answer" not in case.running()


def test_a_limit_of_a_kept_step_is_learned_later_too_unless_it_was_met_by_keeping_it() -> None:
    text = "        escalates_to: NATION\n"
    guarded = {text: f"{text}        runs_if: small\n"}
    case = kept(**guarded)
    assert begun(case.amend(facts(age=10))) == [("Q3.answer", None)]
    met = kept(**guarded, completed="[completed, kept]")
    assert begun(met.amend(facts(age=10))) == []
    done = kept(**guarded)
    done.record("Q3 HELPED")
    assert begun(done.amend(facts(age=10))) == []


def test_a_step_kept_after_somebody_else_let_its_limit_pass_has_a_limit_of_its_own() -> None:
    text = with_third(
        ("ask: POLICE", "ask: COUNCIL\n    then: LOCAL"),
        ("[accepted, declined]", "[completed, declined]"),
        ("escalates_to: NATION\n", "escalates_to: NATION\n        runs_if: works\n"),
    )
    case = small(text, age=14, works=True)
    case.act(Act.ACCEPT, "Q1", "LOCAL")
    while "Q3.answer" in case.running():
        case.lapse("Q3.answer")
    case.amend(facts(age=14, works=False))
    case.act(Act.DECLINE, "Q3", "COUNCIL", "NO_CAPACITY")
    assert begun(case.amend(facts(age=14, works=True))) == [("Q3.answer", None)]


def test_new_facts_begin_no_limit_that_depends_on_none() -> None:
    text = with_third(("from: opened", "from: started"), ("[accepted, declined]", "completed"))
    case = small(text, age=14, works=True)
    case.act(Act.ACCEPT, "Q1", "LOCAL")
    case.act(Act.ACCEPT, "Q3", "POLICE")
    # Put off before it was begun, it has not been begun.
    case.act(Act.HOLD, "Q3", "POLICE", "OTHER")
    assert begun(case.amend(facts(age=10))) == []
