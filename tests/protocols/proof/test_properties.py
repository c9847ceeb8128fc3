# ruff: noqa: E501 - a country file is altered as its authors write it
"""Each property fails on a track with one defect, and says so with the shortest history."""

from __future__ import annotations

import pytest

from protocols.proof.track import prove
from protocols.vocabulary import load_vocabulary
from tests.protocols.drafts import COUNTRY, compiled
from tests.protocols.proof.small import SOUND, changed, found, proof_of, with_third

ENDS = "escalates_to: COUNCIL\n  Q2:"


def test_a_sound_track_is_proved_and_its_worst_case_is_counted() -> None:
    proof = proof_of()
    assert proof.findings == ()
    assert proof.states > 50
    assert proof.worst_case == (
        "60 h at Q1: LOCAL silent for 36 h, then NATION answers within 24 h"
    )


def test_the_same_with_a_third_step() -> None:
    assert proof_of(with_third()).findings == ()


def one(text: str, property_: str) -> tuple[str, tuple[str, ...]]:
    (finding,) = found(text, property_)
    return finding.message, finding.history


def test_l1_somebody_is_asked_whatever_the_facts_are() -> None:
    text = changed(
        "    follows: [filing, triage]\n", "    follows: [filing, triage]\n    when: works\n"
    )
    message, history = one(text, "L1")
    assert "nobody is asked to take the person over after filing" in message
    assert history == ("filing with works no, age not known",)


def test_l3_whoever_is_asked_is_called_if_it_stays_silent() -> None:
    text = with_third(("from: opened", "from: accepted"), ("[accepted, declined]", "completed"))
    message, history = one(text, "L3")
    assert message.startswith("POLICE was asked for Q3 and no limit calls anybody")
    # One act is enough where the filer's own unit keeps the person.
    assert history == (
        "filing (the holder is also LOCAL; age not known, works not known) (beneficiary not known)",
    )


def test_l3_a_limit_that_only_reminds_calls_nobody() -> None:
    text = with_third(("        escalates_to: NATION\n", "        ladder: soft\n"))
    text = changed(
        "ladders:\n",
        "ladders:\n  soft: {sources: [GUESS], rungs: [{at: 50 %, remind: receiver}]}\n",
        text,
    )
    assert "POLICE was asked for Q3" in one(text, "L3")[0]


NOTICE = (
    ("kind: task", "kind: notice"),
    ("    outcomes: [HELPED]\n", ""),
    ("[accepted, declined]", "acknowledged"),
)


def test_l3_a_notice_is_watched_until_it_was_seen_and_no_longer() -> None:
    assert found(with_third(*NOTICE), "L3") == []
    text = with_third(*NOTICE, ("        escalates_to: NATION\n", "        ladder: soft\n"))
    text = changed(
        "ladders:\n",
        "ladders:\n  soft: {sources: [GUESS], rungs: [{at: 50 %, remind: receiver}]}\n",
        text,
    )
    assert one(text, "L3")[0].startswith("POLICE was asked for Q3 and no limit calls anybody")


def test_a_track_without_triage_has_no_history_that_begins_there() -> None:
    text = changed("  triage_if_reported: [CL]\n", "")
    text = changed("follows: [filing, triage]", "follows: filing", text)
    country = COUNTRY.replace("default_track: care", "default_track: help")
    protocol, problems = compiled(text, country)
    assert not problems
    assert prove(protocol, load_vocabulary()).findings == ()


def test_a_step_that_a_decline_leads_to_is_opened_by_it() -> None:
    text = with_third(("follows: Q1 accepted", "follows: Q2 refused"))
    assert "step Q3 is never opened" in [one.message for one in found(text, "L8")]
    routed = changed(
        "    last: NATION\n",
        "    last: NATION\n    declines: {NO_CAPACITY: Q3, DUPLICATE: sender}\n",
        text,
    )
    assert "step Q3 is never opened" not in [one.message for one in found(routed, "L8")]


def test_l3_and_l5_an_event_that_stops_the_limit_leaves_a_silent_body_alone() -> None:
    text = changed("until: [accepted, declined]", "until: [accepted, declined, moved]")
    text = changed("forbids: [moved]", "forbids: [ended]", text)
    for property_, words in (("L3", "no limit calls anybody"), ("L5", "never reaches NATION")):
        message, history = one(text, property_)
        assert words in message
        assert history == ("filing", "moved")


def test_l4_an_end_that_only_some_facts_bring_about_is_a_dead_end() -> None:
    text = changed("forbids: [moved]", "forbids: [ended]")
    findings = found(text, "L4")
    assert findings[0].spot.line == 21
    assert findings[0].history == ("filing",)
    assert findings[1].history[-1] == "Q2 NOT_HELPED is recorded"


def test_l6_a_straight_way_to_somebody_shut_out() -> None:
    text = with_third(
        ("ask: POLICE\n", "ask: LOCAL\n    last: COUNCIL\n    declines: {NO_CAPACITY: last}\n")
    )
    message, history = one(text, "L6")
    assert message == "COUNCIL is asked or told at Q3 although no_police shuts it out"
    assert history[0].startswith("filing (the holder is also LOCAL")
    assert history[-1] == "LOCAL declines Q3 with NO_CAPACITY (beneficiary parent)"


TWICE = """\
      again:
        from: opened
        until: [accepted, declined]
        limit: {limit}
        basis: {basis}
        sources: [LAW]
        ladder: unanswered
        escalates_to: COUNCIL
  Q2:
"""


def second(limit: str, basis: str) -> str:
    return changed("  Q2:\n", TWICE.format(limit=limit, basis=basis))


@pytest.mark.parametrize(
    ("limit", "basis", "said"),
    [
        ("3 wd", "sop", "limit Q1.again (3 wd, sop) can end later than Q1.answer (24 h)"),
        ("20 h", "statutory", "Q1.answer and Q1.again are both statutory limits of one act"),
    ],
)
def test_l7_two_limits_of_one_act_agree(limit: str, basis: str, said: str) -> None:
    assert said in one(second(limit, basis), "L7")[0]


def test_l7_a_procedure_may_be_quicker_than_the_law() -> None:
    assert found(second("20 h", "sop"), "L7") == []


def test_l7_limits_whose_conditions_exclude_each_other_are_not_compared() -> None:
    text = second("72 h", "sop").replace(
        "        limit: 72 h\n", "        limit: 72 h\n        runs_if: not works\n"
    )
    text = changed("        limit: 24 h\n", "        limit: 24 h\n        runs_if: works\n", text)
    assert found(text, "L7") == []
    other = text.replace("runs_if: not works", "runs_if: high_risk")
    assert "can end later" in one(other, "L7")[0]


def test_l7_a_gate_opens_before_the_limit_of_what_it_forbids() -> None:
    gated = with_third()
    gated = changed("forbids: [moved]", "forbids: [Q3 accepted]", gated)
    message, _ = one(gated, "L7")
    assert "gate after_visit can stay closed longer than limit Q3.answer" in message
    settled = changed(
        "        limit: 5 wd\n        basis: assumption\n",
        "        limit: 5 wd\n        before: [Q3.answer]\n        basis: assumption\n",
        gated,
    )
    assert found(settled, "L7") == []


def test_l7_what_is_said_to_come_before_does() -> None:
    text = second("20 h", "sop")
    assert (
        found(
            text.replace(
                "        limit: 20 h\n", "        limit: 20 h\n        before: [Q1.answer]\n"
            ),
            "L7",
        )
        == []
    )
    text = second("24 h", "sop").replace(
        "        limit: 24 h\n        basis: statutory\n",
        "        limit: 24 h\n        before: [Q1.again, Q2.visited]\n        basis: statutory\n",
    )
    assert found(text, "L7") == []
    later = changed(
        "        limit: 24 h\n        basis: statutory\n",
        "        limit: 24 h\n        before: [Q1.again]\n        basis: statutory\n",
        second("20 h", "sop"),
    )
    assert "Q1.answer is said to end before Q1.again and can end later" in one(later, "L7")[0]


def test_l7_a_review_fits_into_its_term() -> None:
    review = """\
      looked_at:
        from: accepted
        until: [completed, moved]
        limit: 30 cd
        recurs: true
        basis: assumption
        sources: [GUESS]
        escalates_to: NATION
review:
"""
    text = changed("review:\n", review)
    assert "term Q2.visited can end before its review Q2.looked_at comes" in one(text, "L7")[0]
    assert found(text.replace("limit: 30 cd", "limit: 3 cd"), "L7") == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ((("[accepted, declined]", "declined"),), "goes on after Q3 was accepted"),
        (
            (
                ("from: opened", "from: accepted"),
                ("[accepted, declined]", "[acknowledged, completed]"),
            ),
            "waits for 'acknowledged', which comes before it begins",
        ),
    ],
)
def test_l7_a_limit_hears_of_its_end(changes: tuple[tuple[str, str], ...], said: str) -> None:
    assert said in one(with_third(*changes), "L7")[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (with_third(("follows: Q1 accepted", "follows: Q2 refused")), "step Q3 is never opened"),
        (
            with_third(("    basis: sop\n    sources", "    when: urgency is emergency and urgency is routine\n    basis: sop\n    sources")),
            "step Q3 is never opened",
        ),
        (with_third(("follows: Q1 accepted", "follows: [Q1 accepted, Q2 refused]")), "follows 'Q2 refused', which never comes"),
        (with_third(("from: opened", "from: started"), ("[accepted, declined]", "completed")), ""),
        (with_third(("from: opened", "from: [Q2 refused]"), ("[accepted, declined]", "completed")), "limit Q3.answer never begins to run"),
        (with_third(("[accepted, declined]", "Q2 refused")), "nothing that can happen stops limit Q3.answer"),
        (changed("until: [Q2 completed]", "until: [Q2 declined]"), "gate after_visit never opens: Q2 declined never comes"),
        (changed("after: Q2 HELPED", "after: [Q2 HELPED, Q2 failed]"), "the referral closes after 'Q2 failed', which never comes"),
        (changed("  - after: Q2 HELPED\n", "  - {after: ended, outcome: HELPED, sources: [LAW]}\n  - after: Q2 HELPED\n"), "closes with NOT_HELPED and with HELPED"),
        (changed("    ask: LOCAL\n", "    ask: LOCAL\n    then: POLICE\n").replace("when: beneficiary is parent", "when: works or not works").replace("    because:", "    if_unknown: excluded\n    because:", 1), "POLICE is named in step Q1 and is never asked"),
    ],
)  # fmt: skip
def test_l8_every_rule_can_be_met(text: str, said: str) -> None:
    messages = [one.message for one in found(text, "L8")]
    assert any(said in one for one in messages) if said else messages == []


SECOND_CUSTODY = """\
  Q4:
    title: {en: Also, es: También}
    kind: custody
    ask: COUNCIL
    last: NATION
    follows: [filing, moved]
    when: works
    basis: sop
    sources: [GUESS]
    clocks:
      answer: {from: opened, until: [accepted, declined], limit: 24 h, basis: sop, sources: [GUESS], ladder: unanswered, escalates_to: LOCAL}
review:
  step: Q9"""


def test_l8_of_several_custody_steps_one_leads() -> None:
    text = changed("review:\n  step: Q9", SECOND_CUSTODY)
    message, history = one(text, "L8")
    assert message == "Q1 and Q4 open at once and 0 of them lead"
    assert history == ("filing with age not known, works not known, beneficiary not known",)
    assert (
        found(
            text.replace(
                "    kind: custody\n    ask: LOCAL",
                "    kind: custody\n    lead: true\n    ask: LOCAL",
            ),
            "L8",
        )
        == []
    )


def test_a_finding_points_at_its_rule() -> None:
    text = with_third(("from: opened", "from: accepted"), ("[accepted, declined]", "completed"))
    (finding,) = found(text, "L3")
    assert text.splitlines()[finding.spot.line - 1].strip().startswith(("Q3:", "title:"))
    assert "Q3" in SOUND or finding.spot.file == "care.yaml"
