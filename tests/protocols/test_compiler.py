# ruff: noqa: E501 - one case per line reads as a table
"""Whoever writes a wrong line is told the line, what is wrong, and what to write."""

from __future__ import annotations

import pytest

from protocols.lifecycle import Kind
from protocols.problems import Problem
from tests.protocols.drafts import COUNTRY, TRACK, altered, compiled


def test_the_small_track_is_sound() -> None:
    protocol, problems = compiled()
    assert problems == ()
    assert [step.kind for step in protocol.steps.values()] == [Kind.CUSTODY, Kind.TASK, Kind.TASK]
    assert protocol.clocks["Q1.answer"].start == ("Q1 opened",)
    assert protocol.applies.default


def test_the_digest_is_of_the_law_and_not_of_its_place_in_the_file() -> None:
    moved, _ = compiled("# a remark\n\n" + TRACK)
    same, _ = compiled()
    other, _ = compiled(TRACK.replace("limit: 24 h", "limit: 23 h"))
    assert moved.digest == same.digest
    assert other.digest != same.digest
    assert len(same.digest) == 64


CLOCK = """\
      answer:
        from: opened
        until: [accepted, declined]
        limit: 24 h
"""

# (what stands in the sound track, what is written instead, line within the new text, message, remedy)
WRONG = [
    ("track: care", "track: care\ncolour: red", 1, "'colour' is not a key of the track", "Use one of"),
    ("stage: in_force", "stage: soon", 0, "'soon' is no 'stage'", "Use one of consulted, draft"),
    ("lawful_basis: LEGAL_OBLIGATION", "lawful_basis: LUCK", 0, "no lawful basis", "CONSENT"),
    ("sources: [LAW]\napplies", "sources: [LORE]\napplies", 0, "not in the register", "country.yaml"),
    ("sources: [LAW]\napplies", "sources: []\napplies", 0, "cites no source", "Name the article"),
    ("  rank: 1\n", "  rank: first\n", 0, "must be a whole number", "Write it in that form"),
    ("[CL]", "[XX]", 0, "'XX'", "CL, FL, HT"),
    ("asks_for: [age]", "asks_for: [shoe]", 0, "no fact of the closed list", "Use one of"),
    ("fact: age, from: 0", "fact: works, from: 0", 0, "no whole number", "like 'age'"),
    ("from: 0, to: 11", "from: 12, to: 11", 0, "ends before it begins", "Exchange"),
    ("  small: {", "  works: {", 0, "has the name of a fact", "Choose another"),
    ("{NO_CAPACITY: next", "{TIRED: next", 0, "no reason to decline", "NO_CAPACITY"),
    ("  moved: {title", "  opened: {title", 0, "means something else", "Choose another name"),
    ("{en: Take over, es: Asumir}", "{en: Take over}", 0, "no text in 'es'", "Add 'es: …'"),
    ("    kind: custody", "    kind: gift", 0, "'gift' is no 'kind'", "custody, notice, task"),
    ("    ask: LOCAL", "    ask: NOBODY", 0, "no mandate of the country", "COUNCIL"),
    ("    ask: LOCAL", "    ask: {some: [LOCAL]}", 0, "'some' is not a key", "all_of, any_of"),
    ("    ask: LOCAL", "    ask: {any_of: [LOCAL], all_of: [POLICE]}", 0, "one mandate, or any_of", "ask"),
    ("    last: NATION", "    last: NOBODY", 0, "no mandate of the country", "NATION"),
    ("    follows: Q1 accepted", "    requires: [STAMP]\n    follows: Q1 accepted", 0, "no document", "LETTER"),
    ("outcomes: [HELPED, NOT_HELPED]", "outcomes: [WON]", 0, "no outcome", "HELPED"),
    ("    when: small or works", "    when: small or shoe", 0, "'shoe' is no fact", "Use one of"),
    ("    when: small or works", "    travels: [G9]", 0, "no field group", "G0"),
    ("    when: small or works", "    level: moon", 0, "'moon' is no 'level'", "national"),
    ("        limit: 24 h", "        limit: one day", 0, "'one day' is no limit", "'24 h'"),
    ("        limit: 24 h", "        limit: 0 cd", 0, "leaves no time", "Correct the limit"),
    ("        limit: 24 h", "        limit: 24 h\n        first_day: maybe", 1, "known wording", "counted"),
    ("        limit: 24 h", "        limit: 24 h\n        days_of: NOBODY", 1, "no mandate", "LOCAL"),
    ("        escalates_to: NATION", "        escalates_to: NOBODY", 0, "no mandate", "LOCAL"),
    ("  every: 30 cd", "  every: monthly", 0, "'monthly' is no limit", "'24 h'"),
    ("  every: 30 cd\n  basis: assumption\n  sources: [GUESS]\n  escalates_to: COUNCIL", "  every: 30 cd\n  basis: assumption\n  sources: [GUESS]\n  escalates_to: NOBODY", 3, "no mandate", "LOCAL"),
    ("    outcome: HELPED", "    outcome: WON", 0, "no outcome", "HELPED"),
    ("    who: POLICE", "    who: NOBODY", 0, "no mandate", "POLICE"),
    ("    who: POLICE", "    if_unknown: pray\n    who: POLICE", 0, "known wording", "asked, excluded"),
    ("  unanswered:\n    sources: [GUESS]\n    rungs:\n      - {at: 100 %, alert: sender}\n      - {at: 150 %, ask: next}\n", "  unanswered:\n    sources: [GUESS]\n    rungs: []\n", 2, "has no rung", "Add at least one"),
    ("      - {at: 50 %, remind: receiver}", "      - {at: 50 %}", 0, "must say one of", "several acts"),
    ("      - {at: 50 %, remind: receiver}", "      - {at: half, remind: receiver}", 0, "'half' is no share", "'50 %'"),
    ("      - {at: 50 %, remind: receiver}", "      - {at: 50 %, remind: everybody}", 0, "no recipient of a rung", "sender"),
    ("      - {at: 150 %, ask: next}", "      - {at: 150 %, ask: POLICE}", 0, "no recipient of a rung", "next"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "below", "message", "remedy"), WRONG)
def test_a_wrong_line_is_named_with_its_remedy(
    old: str, new: str, below: int, message: str, remedy: str
) -> None:
    text, line = altered(TRACK, old, new)
    _, problems = compiled(text)
    assert any(
        one.file == "care.yaml"
        and one.line == line + below
        and message in one.message
        and remedy in one.remedy
        for one in problems
    ), "\n".join(map(str, problems))


# What only shows when the whole is looked at; the line is that of the step, clock or rule.
UNSOUND = [
    ("    follows: Q1 accepted", "    follows: Q1 vanished", "Q2", "names 'Q1 vanished'"),
    ("    follows: Q1 accepted", "    follows: eclipse", "Q2", "names 'eclipse'"),
    ("        until: completed", "        until: sunset", "visited", "names 'sunset'"),
    ("    follows: [filing, triage]", "    follows: [filing, triage, Q2 NOT_HELPED]", "Q1", "in a circle: Q1 → Q2 → Q1"),
    ("    last: NATION\n", "", "Q1", "has no 'last'"),
    ("    last: NATION\n", "    last: POLICE\n", "Q1", "is no national body"),
    ("    last: NATION\n", "    last: LOCAL\n", "Q1", "asks a mandate twice"),
    ("    ask: LOCAL\n", "    ask: filer\n", "Q1", "hands custody to a role"),
    ("    ask: LOCAL\n", "    ask: {all_of: [LOCAL, POLICE]}\n", "Q1", "to several at once"),
    ("    kind: task\n    ask: holder", "    kind: notice\n    ask: holder", "Q2", "not as a task"),
    ("    kind: task\n    ask: holder", "    kind: notice\n    ask: POLICE", "Q2", "notice with outcomes"),
    ("    kind: task\n    ask: holder", "    kind: task\n    repeat: 2\n    ask: holder", "Q2", "a duty that repeats"),
    ("    kind: custody\n", "    kind: custody\n    if_failed: Q7\n", "Q1", "goes to 'Q7' for if_failed"),
    ("    kind: custody\n", "    kind: custody\n    declines: {DUPLICATE: Q7}\n", "Q1", "goes to 'Q7' for DUPLICATE"),
    ("    kind: task\n    ask: holder", "    kind: task\n    declines: {DUPLICATE: last}\n    ask: POLICE", "Q2", "has no 'last'"),
    ("    who: POLICE", "    who: NATION", "no_police", "the last of step Q1"),
    ("        ladder: unanswered", "        ladder: steep", "answer", "which does not exist"),
    ("        ladder: unanswered\n", "", "Q1", "has no clock from 'opened' whose ladder asks the next"),
    ("        escalates_to: NATION\n", "", "visited", "has no 'escalates_to'"),
    ("        escalates_to: COUNCIL\n", "        escalates_to: LOCAL\n", "answer", "would have let it lapse"),
    ("        limit: 24 h\n        basis: statutory\n        sources: [LAW]", "        limit: 24 h\n        basis: statutory\n        sources: [GUESS]", "answer", "cites no statute"),
    ("[filing, triage]\n    basis: statutory\n    sources: [LAW]", "[filing, triage]\n    basis: statutory\n    sources: [GUESS]", "Q1", "step Q1 is statutory and cites no statute"),
    ("        from: opened\n        until: [accepted, declined]", "        from: opened\n        until: []", "answer", "never stops"),
    ("        from: accepted\n        until: completed", "        from: []\n        until: completed", "visited", "never starts"),
    ("    when: small or works", "    when: small or works or night_work or in_school or high_risk or place_known or in_the_act", "Q2", "7 facts decide"),
    ("    follows: [filing, triage]", "    follows: [filing]", "the track", "after triage"),
]  # fmt: skip


def _line_of(text: str, name: str) -> int:
    """Where the content of a named part begins; the track begins in line 1."""
    if name == "the track":
        return 1
    lines = text.splitlines()
    return next(n for n, line in enumerate(lines, 2) if line.strip() == f"{name}:")


@pytest.mark.parametrize(("old", "new", "part", "message"), UNSOUND)
def test_what_does_not_hold_together_is_named(old: str, new: str, part: str, message: str) -> None:
    text, _ = altered(TRACK, old, new)
    _, problems = compiled(text)
    found = [one for one in problems if message in one.message]
    assert found, "\n".join(map(str, problems))
    assert found[0].line == _line_of(text, part)
    assert found[0].remedy


def test_custody_that_follows_the_mere_act_of_a_task_is_refused() -> None:
    extra = TRACK.replace(
        "review:\n",
        "  Q3:\n    title: {en: On, es: Sigue}\n    kind: custody\n    ask: POLICE\n    last: NATION\n"
        "    follows: Q2 completed\n    basis: sop\n    sources: [GUESS]\nreview:\n",
    )
    _, problems = compiled(extra)
    assert "custody step Q3 follows 'Q2 completed', the mere act of a task" in {
        one.message for one in problems
    }


def _without(text: str, key: str) -> str:
    """The text without one of its top-level keys and what stands under it."""
    lines = text.splitlines(keepends=True)
    start = next(n for n, line in enumerate(lines) if line.startswith(f"{key}:"))
    end = next((n for n in range(start + 1, len(lines)) if lines[n][0] not in " -"), len(lines))
    return "".join(lines[:start] + lines[end:])


REQUIRED = [line.partition(":")[0] for line in TRACK.splitlines() if line[0] not in " -"]


@pytest.mark.parametrize("key", REQUIRED)
def test_a_missing_part_is_a_problem_or_may_be_missing_and_never_a_crash(key: str) -> None:
    _, problems = compiled(_without(TRACK, key))
    optional = {"asks_for", "bands", "declines", "events", "excludes", "gates", "sources"}
    missing = f"the track has no '{key}'" in {one.message for one in problems}
    assert missing is (key not in optional)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("        limit: 24 h\n", "clock Q1.answer has no 'limit'"),
        ("        until: [accepted, declined]\n", "clock Q1.answer has no 'until'"),
        ("    kind: custody\n", "step Q1 has no 'kind'"),
        ("  every: 30 cd\n", "has no 'every'"),
        ("    outcome: HELPED\n", "a closing has no 'outcome'"),
        ("at: 50 %, ", "a rung of ladder standard has no 'at'"),
        ("fact: age, ", "band small has no 'fact'"),
    ],
)
def test_a_missing_line_is_named(line: str, message: str) -> None:
    text, _ = altered(TRACK, line, "")
    _, problems = compiled(text)
    assert message in " ".join(one.message for one in problems)


def test_a_track_without_triage_that_is_nobodys_default_needs_none() -> None:
    track, _ = altered(TRACK, "  triage_if_reported: [CL]\n", "")
    track, _ = altered(track, "track: care", "track: other")
    track, _ = altered(track, "follows: [filing, triage]", "follows: filing")
    protocol, problems = compiled(track)
    assert problems == ()
    assert not protocol.applies.default
    assert protocol.applies.reported == frozenset()


def test_all_problems_of_both_files_are_reported_together() -> None:
    track, _ = altered(TRACK, "limit: 24 h", "limit: soon")
    track, _ = altered(track, "ask: LOCAL", "ask: NOBODY")
    country, _ = altered(COUNTRY, "supervisor_after: 72 h", "supervisor_after: 3 days")
    _, problems = compiled(track, country)
    assert [one.file for one in problems][:1] == ["care.yaml"]
    assert {"care.yaml", "country.yaml"} == {one.file for one in problems}
    assert len(problems) >= 3


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("level: local", "level: lunar", "no 'level'"),
        ("agency_types: [POLICE]", "agency_types: [PIRATES]", "no 'agency_types'"),
        ("min_age: {value: 15, source: LAW}", "min_age: {value: 15, source: LORE}", "cites 'LORE'"),
        ("  min_age: {value: 15, source: LAW}\n", "", "has no 'min_age'"),
        ("  void: {OTHER: {en: Other, es: Otro}}\n", "", "has no 'void'"),
        ("grade: K", "grade: Z", "no 'grade'"),
        ("min_age: {value: 15, source: LAW}", "min_age: {value: 15}", "has no 'source'"),
        (
            'art. 1, link: "https://law.example", grade: V, last_checked: 2026-01-01',
            "art. 1, link: x, grade: V, last_checked: 2126-01-01",
            "beyond 1900 to 2100",
        ),
        ("es: Cuark", "de: Quark", "no text in 'es'"),
        ("supervisor_after: 72 h", "supervisor_after: 3 days", "no number of hours"),
    ],
)
def test_a_wrong_line_of_the_country_is_named(old: str, new: str, message: str) -> None:
    country, line = altered(COUNTRY, old, new)
    _, problems = compiled(country=country)
    found: list[Problem] = [one for one in problems if message in one.message]
    assert found, "\n".join(map(str, problems))
    assert found[0].file == "country.yaml"
    assert found[0].line in {line, _line_of(country, "screening"), _line_of(country, "reasons")}


def test_a_country_without_screening_is_a_problem_and_no_crash() -> None:
    cut = COUNTRY[: COUNTRY.index("screening:")] + COUNTRY[COUNTRY.index("supervisor_after") :]
    _, problems = compiled(country=cut)
    assert any("has no 'screening'" in one.message for one in problems)
