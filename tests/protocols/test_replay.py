"""Cases of the past under a version: the engine's own answers, counted; the same on any machine."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from protocols.__main__ import main
from protocols.problems import Problem, ProblemsFound
from protocols.replay.course import Course, course_of, run_of
from protocols.replay.desk import CHUNK, Order, desk_of, part_of, replay
from protocols.replay.past import Past, read_past
from protocols.replay.printed import replay_plain, replay_text
from protocols.replay.tally import Changes, Load, Tally
from protocols.spoken import Speaker
from protocols.vocabulary import load_vocabulary
from protocols.weighing import bar
from tests.protocols.drafts import TRACK, altered, written

AT = "2026-11-06T15:40:00+00:00"
CHILD: dict[str, Any] = {
    "at": AT,
    "place": "QQ",
    "facts": {"age": 14, "works": True, "econ_hours": 50, "beneficiary": "other"},
}
LATER, _ = altered(TRACK, "takes_force: 2026-01-01", "takes_force: 2027-01-01")
LATER, _ = altered(LATER, "ask: LOCAL\n", "ask: POLICE\n    then: LOCAL\n")
LATER, _ = altered(LATER, "limit: 24 h", "limit: 12 h")
LATER, _ = altered(LATER, "triage_if_reported: [CL]", "triage_if_reported: []")


def law(folder: Path, later: str = LATER) -> Path:
    """The small country with a second version of its track."""
    written(folder)
    (folder / "qq" / "care" / "2027-01-01.yaml").write_text(later, encoding="utf-8")
    return folder


def lines_of(folder: Path, *cases: object) -> Path:
    file = folder / "cases.jsonl"
    texts = (one if isinstance(one, str) else json.dumps(one) for one in cases)
    file.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return file


def order(folder: Path, against: str | None = None, *, version: str = "2026-01-01") -> Order:
    return Order(folder, "QQ", "care", version, against, "cases.jsonl")


def unseen(_done: int, _whole: int) -> None:
    """Nobody watches."""


def course(folder: Path, **changes: object) -> Course:
    desk = desk_of(order(folder))
    past = read_past(json.dumps({**CHILD, **changes}), 1, "cases.jsonl", desk.vocabulary)
    assert isinstance(past, Past)
    return course_of(desk.after, desk.others(past), run_of(desk.country, past), past)


def story(*entries: tuple[str, str], **more: object) -> dict[str, object]:
    return {
        "story": [{"at": f"2026-{at}:00+00:00", "happens": what} for at, what in entries],
        **more,
    }


# --- one case ------------------------------------------------------------------------------------


def test_a_filing_says_who_is_asked_where_and_when_limits_end(tmp_path: Path) -> None:
    found = course(law(tmp_path))
    assert found.under == "filing"
    assert found.asked == [("Q1", "LOCAL", "QQ")]
    ((clock, hand_off, due),) = found.limits
    assert (clock, hand_off) == ("Q1.answer", "Q1/1/LOCAL")
    assert due.isoformat() == "2026-11-07T15:40:00+00:00"
    assert (found.met, found.missed) == ([], [])


def test_who_is_not_under_the_track_is_asked_of_nobody(tmp_path: Path) -> None:
    zedland = desk_of(Order(None, "ZZ", "trafficking", None, None, "cases.jsonl"))
    past = read_past(json.dumps({**CHILD, "place": "ZZ-N"}), 1, "", zedland.vocabulary)
    assert isinstance(past, Past)
    run, others = run_of(zedland.country, past), zedland.others(past)
    assert course_of(zedland.after, others, run, past) == Course()
    assert zedland.others(past) is others  # looked up once for a day and a place
    reported = course(law(tmp_path), facts={}, reported="CL")
    assert reported.under == "triage"


def test_results_that_are_told_are_those_it_was_routed_by(tmp_path: Path) -> None:
    """Somebody may have known more than the facts of the line say."""
    law(tmp_path)
    unknown = course(tmp_path, facts={})
    assert unknown.under == "triage"
    told = course(tmp_path, facts={}, results={"CL": "indicated"})
    assert told.under == "filing"


def test_a_filer_who_holds_the_mandate_keeps_the_step(tmp_path: Path) -> None:
    found = course(law(tmp_path), filed_by=["LOCAL"])
    assert found.kept == ["Q1", "Q2"]
    assert found.asked == []


def test_a_story_tells_which_limits_were_met_and_which_were_missed(tmp_path: Path) -> None:
    law(tmp_path)
    met = course(
        tmp_path,
        **story(
            ("11-06T18:00", "LOCAL accepts Q1"),
            ("11-09T10:00", "LOCAL completes Q1 with HELPED"),
        ),
    )
    assert "Q1.answer" in met.met
    assert (met.missed, met.refused) == ([], [])
    late = course(tmp_path, **story(("11-08T18:00", "LOCAL accepts Q1")))
    assert "Q1.answer" in late.missed
    assert ("Q1", "NATION", "QQ") in late.asked  # nobody had answered: the next was asked too
    assert ("alert", "sender") in late.called
    silent = course(tmp_path, until="2026-11-07T16:00:00+00:00")
    assert "Q1.answer" in silent.missed


def test_events_are_recorded_and_what_the_law_refuses_is_counted(tmp_path: Path) -> None:
    law(tmp_path)
    found = course(
        tmp_path,
        **story(
            ("11-06T16:00", "recorded moved"),  # the gate forbids it before the visit
            ("11-06T16:00", "POLICE accepts Q1"),
            ("11-06T16:00", "LOCAL sings Q1"),
            ("11-06T17:00", "LOCAL completes Q1 with HELPED"),
            ("11-06T18:00", "LOCAL accepts Q1"),
            ("11-06T19:00", "recorded Q2 NOT_HELPED"),
            ("11-06T20:00", "recorded moved"),
        ),
    )
    assert len(found.refused) == 4
    assert {"known hand-off", "not understood"} <= set(found.refused)


def test_what_may_not_begin_may_not_be_completed(tmp_path: Path) -> None:
    track, _ = altered(TRACK, "forbids: [moved]", "forbids: [Q1 started]")
    written(tmp_path, track)
    acts = (("11-06T16:00", "LOCAL accepts Q1"), ("11-06T17:00", "LOCAL completes Q1 with HELPED"))
    assert course(tmp_path, **story(*acts)).refused == ["gate after_visit"]


def test_a_history_without_end_is_followed_so_far_and_no_further(tmp_path: Path) -> None:
    found = course(law(tmp_path), until="2090-11-06T15:40:00+00:00", filed_by=["LOCAL"])
    assert len(found.called) > 400


def test_a_panel_votes_as_in_the_worked_cases(tmp_path: Path) -> None:
    sits = "panel: {sits: [LOCAL, POLICE], quorum: 2, agree: 2}\n    when: small or works"
    track, _ = altered(TRACK, "when: small or works", sits)
    written(tmp_path, track)
    vote = {"present": ["LOCAL", "POLICE"], "agree": 2}
    happens = [
        {"at": "2026-11-06T16:00:00+00:00", "happens": "recorded Q2 HELPED"},
        {"at": "2026-11-06T16:00:00+00:00", "happens": "recorded Q2 HELPED", "panel": vote},
    ]
    found = course(tmp_path, story=happens, filed_by=["LOCAL"])
    assert found.refused == ["panel"]


# --- reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "this is not JSON"),
        ("[]", "this is no object"),
        ({}, "'facts' is missing"),
        ({**CHILD, "name": "x"}, "unknown key 'name'"),
        ({**CHILD, "place": 1}, "'place' is not as it should be"),
        ({**CHILD, "at": "yesterday"}, "'at' is not"),
        ({**CHILD, "at": "2026-11-06T15:40:00"}, "'at' is not"),
        ({**CHILD, "until": 1}, "'until' is not"),
        ({**CHILD, "reported": "XX"}, "'reported' is not"),
        ({**CHILD, "urgency": "soon"}, "'urgency' is not"),
        ({**CHILD, "filed_by": "POLICE"}, "'filed_by' is not"),
        ({**CHILD, "already": [1]}, "'already' is not"),
        ({**CHILD, "count": 0}, "'count' is not"),
        ({**CHILD, "count": True}, "'count' is not"),
        ({**CHILD, "results": ["CL"]}, "'results' is not"),
        ({**CHILD, "results": {"CL": "sure"}}, "'results' is not"),
        ({**CHILD, "story": [{"at": AT}]}, "'story' is not"),
        ({**CHILD, "story": [{"at": AT, "happens": "x", "panel": 1}]}, "'story' is not"),
        (
            {
                **CHILD,
                "story": [{"at": AT, "happens": "x", "panel": {"present": 1, "agree": 1}}],
            },
            "'story' is not",
        ),
        ({**CHILD, "facts": {"agee": 1}}, "facts/agee: unknown_fact"),
        ({**CHILD, "facts": []}, "facts: wrong_type"),
    ],
)
def test_what_is_wrong_in_a_line_is_a_problem_with_its_number(line: object, said: str) -> None:
    text = line if isinstance(line, str) else json.dumps(line)
    problems = read_past(text, 7, "cases.jsonl", load_vocabulary())
    assert isinstance(problems, list)
    assert any(said in str(one) and one.line == 7 and one.remedy for one in problems)


def test_all_that_is_wrong_in_a_file_is_told_at_once_and_nothing_is_counted(
    tmp_path: Path,
) -> None:
    file = lines_of(law(tmp_path), CHILD, "{", "", {**CHILD, "at": "2099-01-01T00:00:00Z"}, "[]")
    with pytest.raises(ProblemsFound) as found:
        replay(order(tmp_path), file, unseen)
    assert [one.line for one in found.value.problems] == [2, 5]


def test_a_year_no_calendar_covers_is_a_problem_and_no_guess(tmp_path: Path) -> None:
    law(tmp_path)
    case = {**CHILD, "at": "2099-01-02T00:00:00Z", "filed_by": ["LOCAL"]}
    part = part_of(order(tmp_path), [(3, json.dumps(case))])
    (problem,) = part.problems
    assert problem.line == 3
    assert "covers 2025 to 2030" in problem.message
    assert problem.remedy.startswith("Check that year's holidays")


# --- the whole file ------------------------------------------------------------------------------


def test_one_process_and_several_give_the_same_tally_in_the_order_of_the_file(
    tmp_path: Path,
) -> None:
    law(tmp_path)
    cases = [{**CHILD, "facts": {"age": 5 + n % 30, "works": n % 2 == 0}} for n in range(CHUNK + 9)]
    file = lines_of(tmp_path, *cases)
    seen: list[tuple[int, int]] = []
    whole = order(tmp_path, "2027-01-01")
    alone = replay(whole, file, lambda done, of: seen.append((done, of)))
    assert seen == [(0, CHUNK + 9), (CHUNK, CHUNK + 9), (CHUNK + 9, CHUNK + 9)]
    assert replay(whole, file, unseen, processes=2) == alone
    assert alone.cases == CHUNK + 9


def test_two_versions_differ_in_who_is_asked_and_when_limits_end(tmp_path: Path) -> None:
    law(tmp_path)
    late = story(("11-08T18:00", "LOCAL accepts Q1"))
    file = lines_of(
        tmp_path,
        {**CHILD, "count": 3},
        {**CHILD, "reported": "CL", "facts": {}},
        {**CHILD, "filed_by": ["LOCAL"]},
        {**CHILD, **late},
    )
    tally = replay(order(tmp_path, "2026-01-01", version="2027-01-01"), file, unseen)
    assert (tally.cases, tally.persons) == (4, 6)
    assert tally.before.asked["LOCAL", "QQ"] == 5
    assert tally.after.asked["POLICE", "QQ"] == 6
    ways = {group[0] for group in tally.changes.persons}
    assert ways == {"routed", "timed", "kept", "missed"}
    assert tally.changes.changed == 6
    assert min(tally.changes.first.values()) == 1


def test_who_comes_under_one_version_only_is_counted() -> None:
    changes = Changes()
    past = read_past(json.dumps({**CHILD, "count": 2}), 4, "", load_vocabulary())
    assert isinstance(past, Past)
    changes.count(Course("filing"), Course(""), past)
    changes.count(Course("filing"), Course("filing"), past)
    assert changes.persons == Counter({("under", "filing", ""): 2})
    load = Load()
    load.count(Course("filing"), past)
    assert load.nobody == 2


def test_limits_that_begin_in_one_version_only_or_end_at_another_moment_are_told() -> None:
    past = read_past(json.dumps(CHILD), 1, "", load_vocabulary())
    assert isinstance(past, Past)
    early, late = past.at, past.at.replace(day=9)
    changes = Changes()
    before = Course("filing", limits=[("a", "", early), ("b", "", late), ("c", "", early)])
    after = Course("filing", limits=[("a", "", late), ("b", "", early), ("d", "", early)])
    changes.count(before, after, past)
    assert {group[1:] for group in changes.persons} == {
        ("a", "ends_later"),
        ("b", "ends_earlier"),
        ("c", "does_not_begin"),
        ("d", "begins"),
    }


def test_tallies_of_parts_add_up_in_any_order() -> None:
    one, other = Tally(cases=1), Tally(cases=2)
    one.changes.first, other.changes.first = {("x",): 9}, {("x",): 3, ("y",): 5}
    one.after.asked, other.after.asked = Counter({("A", "B"): 1}), Counter({("A", "B"): 2})
    one.add(other)
    assert (one.cases, one.after.asked["A", "B"]) == (3, 3)
    assert one.changes.first == {("x",): 3, ("y",): 5}


def test_at_most_so_many_problems_are_told(tmp_path: Path) -> None:
    file = lines_of(law(tmp_path), *["["] * 300)
    with pytest.raises(ProblemsFound) as found:
        replay(order(tmp_path), file, unseen)
    assert len(found.value.problems) == 200
    assert all(isinstance(one, Problem) for one in found.value.problems)


# --- in words ------------------------------------------------------------------------------------


def test_a_replay_is_told_in_words_before_and_after(tmp_path: Path) -> None:
    law(tmp_path)
    file = lines_of(
        tmp_path,
        CHILD,
        {**CHILD, "facts": {"age": 14}, "reported": "CL"},
        {**CHILD, **story(("11-08T18:00", "POLICE sings Q1"))},
    )
    compared = order(tmp_path, "2026-01-01", version="2027-01-01")
    tally, desk = replay(compared, file, unseen), desk_of(compared)
    say = Speaker(desk.after, desk.country, desk.vocabulary, "en")
    plain = replay_plain(tally, {"version": "2027-01-01", "against": "2026-01-01"})
    text = replay_text(tally, plain, say)
    assert "Police · QQ" in text
    assert "Office · QQ" in text
    assert "(+3)" in text
    assert "→" in text
    assert "not understood" in text
    tally.before.nobody = 1
    assert "Nobody asked, though under the track: 1 → 0" in replay_text(tally, plain, say)


def test_the_command_answers_in_words_and_json_and_writes_each_case(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, each = lines_of(law(tmp_path), CHILD, CHILD), tmp_path / "each.jsonl"
    words = ["replay", "qq", "care", "--cases", str(file), "--folder", str(tmp_path)]
    assert main([*words, "--processes", "1", "--each", str(each)]) == 0
    seen = capsys.readouterr()
    assert "2 cases, 2 persons" in seen.out
    assert seen.err == ""  # nobody watches: no bar
    first = json.loads(each.read_text(encoding="utf-8").splitlines()[0])
    assert first["asked"][0] == {"step": "Q1", "mandate": "POLICE", "where": "QQ"}
    assert main([*words, "--json", "--against", "2026-01-01", "--language", "es"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert plain["changed"] == 2
    assert plain["after"]["limits"][0]["mean_hours"] == 12.0


def test_a_file_that_does_not_exist_ends_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "zz", "trafficking", "--cases", "nowhere.jsonl"]) == 2
    assert "there is no file 'nowhere.jsonl'" in capsys.readouterr().err


class Watched(io.StringIO):
    """A terminal somebody looks at."""

    def isatty(self) -> bool:
        return True


def test_the_bar_moves_where_somebody_watches_and_only_there() -> None:
    watched, unwatched = Watched(), io.StringIO()
    for done in (0, 500, 1000):
        bar(watched)(done, 1000)
        bar(unwatched)(done, 1000)
    assert unwatched.getvalue() == ""
    assert watched.getvalue().endswith("] 1,000 / 1,000\n")
    assert watched.getvalue().count("\r") == 3
    empty = Watched()
    bar(empty)(0, 0)
    assert empty.getvalue().endswith("0 / 0\n")
