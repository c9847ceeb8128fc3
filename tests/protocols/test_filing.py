"""Filing: who comes under which track, who is asked, and what begins to run."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from protocols import engine
from protocols.decision import HoldStep, NeedFact, OpenHandOff, RecordEvent, StartClock, Withheld
from protocols.facts import Group
from tests.protocols.moments import (
    CATALOGUE,
    CHILD,
    FRIDAY,
    IN_FORCE,
    facts,
    filed,
    referral,
    run_of,
)


def test_two_tracks_apply_at_once_and_one_of_them_leads() -> None:
    openings = filed(run_of(CHILD, CL="indicated", HT="possible"))
    assert [(one.track, one.lead, one.triage) for one in openings] == [
        ("trafficking", True, False),
        ("child_protection", False, False),
    ]


def test_a_reported_topic_brings_an_insufficient_report_into_triage_beside_the_sure_track() -> None:
    openings = filed(run_of(CHILD, CL="indicated", reported="HT"))
    assert [(one.track, one.lead, one.triage) for one in openings] == [
        ("child_protection", True, False),
        ("trafficking", False, True),
    ]


def test_an_insufficient_report_opens_a_holder_and_a_clock_never_nothing() -> None:
    (opening,) = filed(run_of(place="ZZ"))
    assert (opening.track, opening.triage) == ("child_protection", True)
    assert [one.mandate for one in opening.decision.all(OpenHandOff)] == ["CHILD_PROTECTION"]
    assert opening.decision.all(StartClock)


def test_where_everything_was_screened_and_nothing_is_indicated_nobody_is_asked() -> None:
    assert filed(run_of(CL="not_indicated", FL="not_indicated", HT="not_indicated")) == ()


def test_a_track_that_already_runs_is_not_opened_twice() -> None:
    tracks = CATALOGUE.in_force("ZZ", IN_FORCE)
    run = run_of(CHILD, CL="indicated", HT="possible")
    openings = engine.file(tracks, run, FRIDAY, running=frozenset({"child_protection"}))
    assert [one.track for one in openings] == ["trafficking"]
    only = engine.file(tracks, run_of(), FRIDAY, running=frozenset({"child_protection"}))
    assert only == ()


@pytest.mark.parametrize("count", [0, 1001])
def test_no_fewer_than_one_and_no_more_than_a_thousand_persons_are_filed(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 1000"):
        engine.file((), run_of(), FRIDAY, person_count=count)


def test_a_hand_off_says_who_why_and_what_travels() -> None:
    opened = filed(run_of(CHILD, CL="indicated"))[0].decision.all(OpenHandOff)[0]
    assert opened.reason.sources == ("ZZ-CHILD-10",)
    assert opened.travels == {Group.ENVELOPE, Group.FACTS, Group.IDENTITY}
    assert opened.lead
    assert not opened.no_decline


def test_limits_run_from_the_moment_it_happened() -> None:
    happened = FRIDAY - timedelta(hours=5)
    opening = filed(run_of(CHILD, CL="indicated"), at=happened)[0]
    clocks = {one.clock: one for one in opening.decision.all(StartClock)}
    assert clocks["ZZ-C01.answer"].starts_at == happened
    assert clocks["ZZ-C01.answer"].due_at == happened + timedelta(hours=24)
    assert clocks["ZZ-C01.answer"].derivation[-1].startswith("Due Saturday 7 November 2026 10:40")


def test_rivals_share_a_key_and_each_has_its_own_limit() -> None:
    opening = filed(run_of(facts(age=30), HT="indicated", urgency="emergency"))[0]
    asked = [one for one in opening.decision.all(OpenHandOff) if one.step == "ZZ-T01"]
    assert {one.mandate for one in asked} == {"POLICE", "RIVER_POLICE"}
    assert len({one.rivals for one in asked}) == 1
    limits = [one.hand_off for one in opening.decision.all(StartClock) if one.step == "ZZ-T01"]
    assert limits == [one.key for one in asked]


def test_a_named_force_is_excluded_from_every_hand_off() -> None:
    run = run_of(facts(age=30, named_agencies=frozenset({"RIVER"})), HT="indicated")
    run = replace(run, excluding=frozenset({"POLICE-N"}))
    opening = filed(run)[0]
    assert {one.excluding for one in opening.decision.all(OpenHandOff)} == {
        frozenset({"RIVER", "POLICE-N"})
    }


def test_whoever_has_the_first_mandate_keeps_the_person_and_what_follows_acceptance_opens() -> None:
    decision = filed(run_of(CHILD, CL="indicated", holder=("CHILD_PROTECTION",)))[0].decision
    assert [one.step for one in decision.all(HoldStep)] == ["ZZ-C01", "ZZ-C02"]
    assert "CHILD_PROTECTION" not in [one.mandate for one in decision.all(OpenHandOff)]
    assert "ZZ-C01 held" in {one.event for one in decision.all(RecordEvent)}


def test_unknown_opens_and_the_missing_fact_is_asked_for_once() -> None:
    decision = filed(run_of(facts(age=10), CL="indicated"))[0].decision
    assert "LABOUR_INSPECTION" in {one.mandate for one in decision.all(OpenHandOff)}
    assert sorted(one.fact for one in decision.all(NeedFact)) == ["beneficiary", "works"]


def test_only_false_withholds_and_the_rule_is_said() -> None:
    decision = filed(run_of(facts(age=10, works=False), CL="indicated"))[0].decision
    (withheld,) = decision.all(Withheld)
    assert withheld.mandate == "LABOUR_INSPECTION"
    assert withheld.reason.step == "ZZ-C03"
    assert withheld.reason.rule == "its condition is false"


def test_what_already_happened_is_followed_up_at_once() -> None:
    run = run_of(facts(age=30), HT="indicated", place="AR-K")
    run = replace(run, events=frozenset({"search_ordered"}))
    asked = {one.step for one in filed(run, "AR")[0].decision.all(OpenHandOff)}
    assert {"AR-T01", "AR-T08"} <= asked


def test_an_excluded_first_recipient_is_passed_over() -> None:
    run = run_of(facts(age=30, hotline_unreachable=True), HT="indicated", place="AR-K")
    asked = filed(run, "AR")[0].decision.all(OpenHandOff)
    assert [(one.mandate, one.national, one.no_decline) for one in asked] == [
        ("PROSEC_HT", True, True)
    ]


def test_a_hand_off_to_the_home_of_the_person_is_no_hand_off_to_itself() -> None:
    case = referral(
        run_of(facts(age=9), CL="indicated", place="AR-N", holder=("CHILD_PROT_LOCAL",)),
        "child_labour",
        "AR",
    )
    (opened,) = case.record("home_found_elsewhere").all(OpenHandOff)
    assert (opened.mandate, opened.home, opened.national) == ("CHILD_PROT_LOCAL", True, False)


def test_the_same_question_has_the_same_answer() -> None:
    run = run_of(CHILD, CL="indicated", HT="possible")
    assert filed(run) == filed(run)
