"""Somebody asked first goes while another stays silent: the child is never left with nobody asked.

The police come first, but not against a parent; then the office is asked in their place. It stays
silent, the facts change, and the police, who come first in the order, are asked after all.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from protocols import engine
from protocols.decision import HandOffState
from protocols.facts import Facts
from protocols.lifecycle import Act, Party
from protocols.rehearsal import carried_out
from tests.protocols.drafts import TRACK, altered, compiled
from tests.protocols.moments import FRIDAY, Referral, asked, facts, run_of

PARENT, OTHER = facts(age=10, beneficiary="parent"), facts(age=10, beneficiary="other")


def first(recipients: str) -> str:
    return altered(TRACK, "    ask: LOCAL\n", recipients)[0]


def filed(text: str, known: Facts = PARENT) -> Referral:
    protocol, problems = compiled(text)
    assert problems == ()
    run = run_of(known, CL="indicated", place="QQ")
    (opening,) = engine.file((protocol,), run, FRIDAY)
    return Referral(protocol, carried_out(run, opening.decision))


def beside_a_spent_ladder() -> Referral:
    """The office has let its limit pass; the police were asked after it and are asked still."""
    case = filed(first("    ask: POLICE\n    then: LOCAL\n"))
    case.lapse("Q1.answer")
    case.run = replace(case.run, facts=OTHER)
    assert asked(case.lapse("Q1.answer")) == [("Q1", "POLICE")]
    return case


def police(case: Referral) -> HandOffState:
    return case.hand_off("Q1", "POLICE")


@pytest.mark.parametrize("code", ["SENT_TO_WRONG_AGENCY", "SUPERSEDED"])
def test_whoever_is_taken_back_beside_a_spent_ladder_is_followed_by_the_next(code: str) -> None:
    case = beside_a_spent_ladder()
    answer = case.try_to(Act.CANCEL, "Q1", "POLICE", code, party=Party.SENDER)
    assert asked(case.keep(answer)) == [("Q1", "NATION")]


def test_whoever_was_asked_by_mistake_beside_a_spent_ladder_is_followed_by_the_next() -> None:
    case = beside_a_spent_ladder()
    answer = case.try_to(Act.VOID, "Q1", "POLICE", "OTHER", party=Party.SENDER)
    assert asked(case.keep(answer)) == [("Q1", "NATION")]


def test_whoever_declines_beside_a_spent_ladder_is_followed_by_the_next() -> None:
    case = beside_a_spent_ladder()
    assert asked(case.act(Act.DECLINE, "Q1", "POLICE", "NO_CAPACITY")) == [("Q1", "NATION")]


def test_whoever_is_shut_out_beside_a_spent_ladder_is_followed_by_the_next() -> None:
    case = beside_a_spent_ladder()
    assert asked(case.amend(PARENT)) == [("Q1", "NATION")]
    assert police(case).state.terminal


def test_beside_somebody_whose_limit_still_runs_nobody_more_is_asked() -> None:
    case = filed(first("    ask: {any_of: [LOCAL, POLICE]}\n"), OTHER)
    assert asked(case.act(Act.DECLINE, "Q1", "POLICE", "NO_CAPACITY")) == []
    case.lapse("Q1.answer")
    assert asked(case.lapse("Q1.answer")) == [("Q1", "NATION")]


TWO_LIMITS = """\
      answer:
        from: opened
        until: [accepted, declined]
        runs_if: urgency is emergency
        limit: 2 h
        basis: statutory
        sources: [LAW]
        ladder: unanswered
        escalates_to: COUNCIL
      slower:
        from: opened
        until: [accepted, declined]
        runs_if: not (urgency is emergency)
        limit: 24 h
        basis: statutory
        sources: [LAW]
        ladder: unanswered
        escalates_to: COUNCIL
  Q2:
"""


def test_a_limit_that_new_facts_may_end_again_is_not_relied_on() -> None:
    text = first("    ask: POLICE\n    then: LOCAL\n")
    start, end = text.index("      answer:\n"), text.index("  Q2:\n")
    case = filed(text[:start] + TWO_LIMITS + text[end + len("  Q2:\n") :])
    case.keep(engine.amend(case.protocol, case.run, PARENT, case.now, urgency="emergency"))
    case.run = replace(case.run, urgency="emergency")
    case.lapse("Q1.answer")
    case.run = replace(case.run, facts=OTHER)
    assert asked(case.lapse("Q1.answer")) == [("Q1", "POLICE")]
    case.keep(engine.amend(case.protocol, case.run, OTHER, case.now, urgency="urgent"))
    assert case.running() >= {"Q1.slower"}
    answer = case.try_to(Act.CANCEL, "Q1", "POLICE", "SUPERSEDED", party=Party.SENDER)
    assert asked(case.keep(answer)) == [("Q1", "NATION")]
