# ruff: noqa: E501 - one case per line reads as a table
"""Whatever is wrong in whichever file: named with its place and its remedy, all of it, at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocols.__main__ import main
from protocols.catalogue import Catalogue
from protocols.check import check
from protocols.problems import ProblemsFound
from tests.protocols.drafts import COUNTRY, TRACK, compiled, written
from tests.protocols.test_cases import SOUND_CASE

# What is spoiled, and what is said of it: file and line, message, remedy.
SPOILED = [
    ("stage: in_force\n", "stage: in_force\nstage: draft\n", "qq/care/2026-01-01.yaml:5:1: error: the key 'stage' stands here a second time (first in line 4). Keep one"),
    ("asks_for: [age]\n", "asks_four: [age]\n", "'asks_four' is not a key of the track. Use one of applies, asks_for"),
    ("    follows: [filing, triage]\n", "    follows: [filing, triage, Q2 HELPED]\n", "the steps follow each other in a circle: Q1 → Q2 → Q1. Break the circle, or say 'repeat: n'"),
    ("        until: completed\n", "        until: []\n", "clock Q2.visited never stops. Say in 'until' which act or event stops it"),
    ("        escalates_to: NATION\n", "        escalates_to: MAYOR\n", "'MAYOR' under 'escalates_to' of clock Q2.visited is no mandate of the country. Use one of COUNCIL"),
    ("{en: Visit, es: Visitar}", "{en: Visit}", "'title' of step Q2 has no text in 'es'. Add 'es: …'"),
    ("takes_force: 2026-01-01", "takes_force: 2226-01-01", "'takes_force' of the track is 2226-01-01, beyond 1900 to 2100. Correct the year"),
]  # fmt: skip
OF_OTHER_FILES = (
    "qq/facts.yaml:2:9: error: fact 'qq_x': 'type' must be one of agencies, code",
    "qq/calendars.yaml:3:10: error: the calendars cover 2025 to 2130",
    "qq/fact.yaml:1:1: error: 'fact.yaml' is no file of a country",
    "error: nothing cites the source OLD. Cite it where it is the reason, or remove it",
    "'last_checked' of source OLD is 2126-01-01, beyond 1900 to 2100",
    "released.yaml:3:17: error: QQ care 2025-01-01 was released, and the file",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The small country with something wrong in every file."""
    track = TRACK
    for old, new, _ in SPOILED:
        assert track.count(old) == 1, old
        track = track.replace(old, new)
    old = "  OLD: {title: O, article: a, link: x, grade: S, last_checked: 2126-01-01}\n"
    place = written(tmp_path, track, COUNTRY + old) / "qq"
    (place / "facts.yaml").write_text("facts:\n  qq_x: {type: flog}\n", encoding="utf-8")
    (place / "fact.yaml").write_text("facts: {}\n", encoding="utf-8")
    days = place / "calendars.yaml"
    days.write_text(days.read_text("utf-8").replace("to: 2030", "to: 2130"), encoding="utf-8")
    released = 'QQ:\n  care:\n    2025-01-01: "0"\n'
    (tmp_path / "released.yaml").write_text(released, encoding="utf-8")
    return tmp_path


def test_everything_that_is_wrong_is_reported_together(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--folder", str(folder)]) == 1
    said = capsys.readouterr().err
    for expected in (*(one for _, _, one in SPOILED), *OF_OTHER_FILES):
        assert expected in said, said
    assert len(said.splitlines()) >= len(SPOILED) + len(OF_OTHER_FILES)


def test_and_nothing_at_all_is_loaded(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ProblemsFound):
        Catalogue.load(folder)
    assert main(["explain", "qq", "care", "--folder", str(folder)]) == 1
    assert capsys.readouterr().out == ""


# --- untried law -------------------------------------------------------------------------------


def unreached(folder: Path) -> set[str]:
    (country,) = check(folder=folder).countries
    return set(country.not_exercised)


def test_each_rule_no_case_reaches_is_named_at_its_line(tmp_path: Path) -> None:
    report = check(folder=written(tmp_path, cases=SOUND_CASE))
    found = {one.message: one for one in report.problems}
    missing = found["no worked case reaches exclusion no_police of care 2026-01-01"]
    assert (missing.file, missing.line) == ("qq/care/2026-01-01.yaml", 66)
    assert missing.remedy.startswith("Tell a case in qq/cases.yaml in which it happens")
    assert not report.sound
    rung = "rung 2 of ladder unanswered (fall_back at 150 %) of care 2026-01-01"
    assert f"no worked case reaches {rung}" in found
    assert "no worked case reaches Q1 of care 2026-01-01" not in found


def test_a_rung_counts_when_it_has_fired(tmp_path: Path) -> None:
    climbed = SOUND_CASE.replace(
        "    story:\n", "    story:\n      - happens: Q1.answer lapses 2 times\n        opens: Q1 NATION\n"
    )  # fmt: skip
    before, after = (
        {one for one in unreached(written(tmp_path / name, cases=case)) if "unanswered" in one}
        for name, case in (("before", SOUND_CASE), ("after", climbed))
    )
    assert len(before) == 2
    assert after == set()


PANEL = "    outcomes: [HELPED, NOT_HELPED]\n"
PANELLED = TRACK.replace(PANEL, PANEL + "    panel: {sits: [LOCAL, POLICE], quorum: 1, agree: 1}\n")


def test_a_panel_nobody_convened_and_an_override_nobody_came_under_are_named(
    tmp_path: Path,
) -> None:
    law = PANELLED.replace(
        "review:\n",
        "overrides:\n  islands:\n    places: QQ-I\n    because: {en: Far, es: Lejos}\n"
        "    sources: [GUESS]\n    steps: {Q1: {clocks: {answer: {limit: 2 h}}}}\nreview:\n",
    )
    story = SOUND_CASE[: SOUND_CASE.index("      - learned")]
    found = unreached(written(tmp_path / "one", law, cases=story))
    assert {"panel Q2", "Q1.answer under the override islands"} <= found
    there = story.replace("place: QQ", "place: QQ-I").replace("03-03 10:00", "03-02 12:00")
    decided = "      - happens: recorded Q2 HELPED\n        panel: {present: [LOCAL], agree: 1}\n"
    found = unreached(written(tmp_path / "two", law, cases=there + decided))
    assert not {"panel Q2", "Q1.answer under the override islands"} & found


def test_what_a_new_version_leaves_as_it_was_needs_no_new_case(tmp_path: Path) -> None:
    folder = written(tmp_path, cases=SOUND_CASE)
    newer = TRACK.replace("takes_force: 2026-01-01", "takes_force: 2026-09-01")
    newer = newer.replace("limit: 5 wd", "limit: 6 wd")
    (folder / "qq" / "care" / "2026-09-01.yaml").write_text(newer, encoding="utf-8")
    said = [one.message for one in check(folder=folder).problems]
    assert "no worked case reaches Q2.visited of care 2026-09-01" in said
    assert "no worked case reaches Q1.answer of care 2026-09-01" not in said
    draft = newer.replace("stage: in_force", "stage: draft")
    (folder / "qq" / "care" / "2026-09-01.yaml").write_text(draft, encoding="utf-8")
    assert not [one for one in check(folder=folder).problems if "2026-09-01" in one.message]


def test_a_real_country_tells_twenty_situations(tmp_path: Path) -> None:
    folder = written(tmp_path, country=COUNTRY.replace("iso2: QQ", "iso2: PY"), cases=SOUND_CASE)
    (folder / "qq").rename(folder / "py")
    found = [one for one in check(folder=folder).problems if "worked cases, and" in one.message]
    assert [(one.file, one.message) for one in found] == [
        ("py/cases.yaml", "PY has 1 worked cases, and 20 are needed")
    ]
    assert compiled()[1] == ()
