"""A decision by several has no effect before the panel has met and enough of it agree."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import engine
from protocols.check import check
from protocols.decision import Decision, MoveHandOff, PanelVote, RecordEvent, Refused
from protocols.law import Panel
from protocols.lifecycle import Act, Party, State
from protocols.panels import undecided
from tests.protocols.drafts import TRACK, altered, compiled, small, written
from tests.protocols.moments import Referral

PANEL = "    panel: {sits: [LOCAL, POLICE, COUNCIL], quorum: 2, agree: 2, must_sit: [LOCAL]}\n"
OUTCOMES = "    outcomes: [HELPED, NOT_HELPED]\n"
DUTY = TRACK.replace(OUTCOMES, OUTCOMES + PANEL)
ENOUGH = PanelVote(("LOCAL", "POLICE"), 2)
TASK = DUTY.replace("    ask: holder\n", "    ask: COUNCIL\n")


def held(track: str = DUTY) -> Referral:
    """The office has accepted; the visit it owes is decided by a panel."""
    case = small(track)
    case.act(Act.ACCEPT, "Q1", "LOCAL")
    return case


def completed(case: Referral, step: str, mandate: str, vote: PanelVote | None) -> object:
    found = case.hand_off(step, mandate)
    if found.state is State.ACCEPTED:
        case.act(Act.START, step, mandate)
    return engine.act(
        case.protocol,
        case.run,
        found.id,
        Act.COMPLETE,
        case.now,
        party=Party.RECEIVER,
        outcome="HELPED",
        panel=vote,
    )


WRONG_VOTES = [
    (None, "panel", "Q2 is decided by a panel of COUNCIL, LOCAL, POLICE: say who was present"),
    (PanelVote(("POLICE", "COUNCIL"), 2), "quorum", "LOCAL must sit and was not present"),
    (PanelVote(("LOCAL", "LOCAL"), 2), "quorum", "1 were present, and 2 are needed"),
    (PanelVote(("LOCAL", "POLICE"), 1), "quorum", "1 of 2 agree, and 2 are needed"),
    (PanelVote(("LOCAL", "POLICE"), 3), "quorum", "3 of 2 agree"),
    (PanelVote(("LOCAL", "POLICE", "NATION"), 2), "quorum", "NATION does not sit in it"),
]


@pytest.mark.parametrize(("vote", "rule", "said"), WRONG_VOTES)
def test_without_a_decision_of_the_panel_nothing_has_changed(
    vote: PanelVote | None, rule: str, said: str
) -> None:
    case = held()
    kept = engine.record(case.protocol, case.run, "Q2 HELPED", case.now, panel=vote)
    carried = completed(case, "Q1", "LOCAL", vote)
    asked = held(TASK)
    asked.act(Act.ACCEPT, "Q2", "COUNCIL")
    own = completed(asked, "Q2", "COUNCIL", vote)
    for answer in (kept, carried, own):
        assert isinstance(answer, Refused)
        assert answer.rule == rule
        assert said in answer.explanation


def test_a_panel_that_has_decided_is_written_into_the_reason() -> None:
    case = held()
    answer = engine.record(case.protocol, case.run, "Q2 HELPED", case.now, panel=ENOUGH)
    assert isinstance(answer, Decision)
    found = {one.event: one.reason.rule for one in answer.all(RecordEvent)}
    assert found["Q2 HELPED"] == "recorded: LOCAL, POLICE present, 2 agree"


def test_a_duty_is_decided_by_its_panel_when_the_hand_off_it_came_with_is_completed() -> None:
    answer = completed(held(), "Q1", "LOCAL", ENOUGH)
    assert isinstance(answer, Decision)
    (moved,) = answer.all(MoveHandOff)
    assert moved.reason.rule == "completed: LOCAL, POLICE present, 2 agree"
    assert "Q2 HELPED" in {one.event for one in answer.all(RecordEvent)}


def test_once_the_panel_has_decided_the_hand_off_ends_without_it() -> None:
    case = held()
    case.keep(engine.record(case.protocol, case.run, "Q2 NOT_HELPED", case.now, panel=ENOUGH))
    assert isinstance(completed(case, "Q1", "LOCAL", None), Decision)


def test_a_vote_where_nobody_votes_is_refused() -> None:
    case = held(TRACK)
    moved = engine.record(case.protocol, case.run, "Q2 HELPED", case.now, panel=ENOUGH)
    begun = engine.act(
        case.protocol,
        case.run,
        case.hand_off("Q1", "LOCAL").id,
        Act.START,
        case.now,
        party=Party.RECEIVER,
        panel=ENOUGH,
    )
    for answer in (moved, begun):
        assert isinstance(answer, Refused)
        assert (answer.rule, answer.explanation) == (
            "panel",
            "No panel decides here: leave the vote out.",
        )


@given(
    present=st.lists(st.sampled_from(["LOCAL", "POLICE", "COUNCIL", "NATION"]), max_size=5),
    agreeing=st.integers(-1, 5),
)
def test_a_panel_decides_exactly_when_it_may(present: list[str], agreeing: int) -> None:
    panel = Panel(("LOCAL", "POLICE", "COUNCIL"), quorum=2, agree=2, must_sit=("LOCAL",))
    sat = set(present)
    may = sat <= set(panel.sits) and "LOCAL" in sat and len(sat) >= 2 and 2 <= agreeing <= len(sat)
    assert (undecided(panel, "Q2", PanelVote(tuple(present), agreeing)) is None) == may


def test_asking_again_needs_no_panel() -> None:
    case = held(TASK)
    case.act(Act.DECLINE, "Q2", "COUNCIL", "DUPLICATE")
    assert isinstance(case.record("Q2 again"), Decision)


@pytest.mark.parametrize(
    ("old", "new", "message", "remedy"),
    [
        ("quorum: 2", "quorum: 4", "says 'quorum: 4', and 3 sit in it", "from 1 to 3"),
        ("agree: 2", "agree: 0", "says 'agree: 0'", "from 1 to 3"),
        ("must_sit: [LOCAL]", "must_sit: [NATION]", "no mandate that sits", "COUNCIL, LOCAL"),
        ("sits: [LOCAL, POLICE", "sits: [LOCAL, MAYOR", "'MAYOR'", "Use one of COUNCIL"),
        ("quorum: 2, ", "", "has no 'quorum'", "Add the key"),
        ("quorum: 2", "quorums: 2", "'quorums' is not a key of 'panel' of step Q2", "agree"),
        (OUTCOMES, "", "is decided by a panel and has no 'outcomes'", "List what the panel"),
    ],
)  # fmt: skip
def test_a_panel_that_could_never_decide_is_refused(
    old: str, new: str, message: str, remedy: str
) -> None:
    text, line = altered(DUTY, old, new)
    _, problems = compiled(text.replace("  - after: Q2 HELPED", "  - after: Q2 completed"))
    found = [one for one in problems if message in one.message]
    assert found, [str(one) for one in problems]
    assert remedy in found[0].remedy
    assert abs(found[0].line - line) <= 16


def test_a_panel_is_law_and_a_version_without_one_keeps_its_digest() -> None:
    without, _ = compiled()
    first, _ = compiled(DUTY)
    other, _ = compiled(DUTY.replace("agree: 2", "agree: 1"))
    assert len({without.digest, first.digest, other.digest}) == 3
    assert without.digest == "d8ba6ba3bcca05e72e26aea7538ff9d0aca6dbc6b0333eee3a91a2b9a9ff0e73"


CASE = """\
cases:
  - name: A panel decides
    at: 2026-03-02 10:00
    place: QQ
    facts: {age: 10, works: true, econ_hours: 5}
    tracks: care
    follow: care
    filed:
      opens: Q1 LOCAL
    story:
      - happens: LOCAL accepts Q1
        keeps: Q2
      - happens: recorded Q2 HELPED
        refused: panel
      - happens: LOCAL completes Q1 with HELPED
        panel: {present: [LOCAL, POLICE], agree: 1}
        refused: quorum
      - happens: LOCAL completes Q1 with HELPED
        panel: {present: [LOCAL, POLICE], agree: 2}
        closes: HELPED
"""


def test_worked_cases_tell_how_a_panel_voted(tmp_path: Path) -> None:
    report = check(folder=written(tmp_path, DUTY, cases=CASE))
    assert [one for one in report.problems if one.file.endswith("cases.yaml")] == []
    last = CASE.rindex("LOCAL completes Q1 with")
    recorded = CASE[:last] + CASE[last:].replace("LOCAL completes Q1 with", "recorded Q2")
    report = check(folder=written(tmp_path / "again", DUTY, cases=recorded))
    assert [one for one in report.problems if one.file.endswith("cases.yaml")] == []
