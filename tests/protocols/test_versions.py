# ruff: noqa: E501 - one case per line reads as a table
"""The life of a version: signed stage by stage, piloted in places, released, never edited."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from protocols import engine
from protocols.catalogue import Catalogue, standing_on
from protocols.check import check
from protocols.decision import Decision
from protocols.lifecycle import Act, Party
from protocols.problems import Problem, ProblemsFound
from protocols.rehearsal import carried_out
from tests.protocols.drafts import CALENDARS, TRACK, altered, compiled, written
from tests.protocols.moments import FRIDAY, facts, run_of

DAY = date(2026, 6, 1)
NEWER = TRACK.replace("takes_force: 2026-01-01", "takes_force: 2026-05-01").replace(
    "limit: 24 h", "limit: 12 h"
)
PILOT = NEWER.replace("stage: in_force", "stage: piloting\npilots_in: [QQ-I]")


def beside(folder: Path, newer: str, older: str = TRACK) -> Path:
    """The small country with a second version beside the first."""
    written(folder, older)
    (folder / "qq" / "care" / "2026-05-01.yaml").write_text(newer, encoding="utf-8")
    return folder


def standing(folder: Path, place: str | None = None, on: date = DAY) -> list[str]:
    return [one.version for one in Catalogue.load(folder).in_force("QQ", on, place)]


def problems_of(folder: Path) -> list[Problem]:
    with pytest.raises(ProblemsFound) as raised:
        Catalogue.load(folder)
    return list(raised.value.problems)


# --- stages and pilots -------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["piloting", "evaluated", "validated"])
def test_a_pilot_stands_in_its_places_and_elsewhere_the_former_version(
    tmp_path: Path, stage: str
) -> None:
    folder = beside(tmp_path, PILOT.replace("stage: piloting", f"stage: {stage}"))
    assert standing(folder) == ["2026-01-01"]
    assert standing(folder, "QQ") == ["2026-01-01"]
    assert standing(folder, "QQ-IX") == ["2026-01-01"]
    assert standing(folder, "QQ-I") == ["2026-05-01"]
    assert standing(folder, "QQ-I-PORT") == ["2026-05-01"]
    assert standing(folder, "QQ-I", date(2026, 4, 30)) == ["2026-01-01"]


def test_what_was_piloted_and_is_in_force_stands_everywhere(tmp_path: Path) -> None:
    folder = beside(tmp_path, PILOT.replace("stage: piloting", "stage: in_force"))
    assert standing(folder) == ["2026-05-01"]


@pytest.mark.parametrize("stage", ["draft", "consulted"])
def test_a_draft_stands_nowhere(tmp_path: Path, stage: str) -> None:
    folder = beside(tmp_path, PILOT.replace("stage: piloting", f"stage: {stage}"))
    assert standing(folder, "QQ-I") == ["2026-01-01"]


def test_a_superseded_version_stands_until_its_successor_does(tmp_path: Path) -> None:
    folder = beside(tmp_path, NEWER, TRACK.replace("in_force", "superseded"))
    assert standing(folder, on=date(2026, 4, 30)) == ["2026-01-01"]
    assert standing(folder) == ["2026-05-01"]
    versions = Catalogue.load(folder).shelves["QQ"].versions
    assert standing_on(versions, date(2025, 12, 31)) == ()


def test_a_version_superseded_by_nothing_is_a_problem(tmp_path: Path) -> None:
    old = TRACK.replace("stage: in_force", "stage: superseded")
    (alone,) = problems_of(written(tmp_path / "alone", old))
    assert alone.message == "care 2026-01-01 is superseded, and no later version is in force"
    assert "Bring its successor into force" in alone.remedy
    (found,) = problems_of(beside(tmp_path / "pilot", PILOT, old))
    assert found.file == "qq/care/2026-01-01.yaml"


SIGNED = """\
stage: evaluated
pilots_in: [QQ-I]
signed:
  - {stage: consulted, by: {en: Council, es: Consejo}, on: 2025-01-15}
  - {stage: piloting, by: {en: Council, es: Consejo}, on: 2025-06-01}
  - {stage: evaluated, by: {en: University, es: Universidad}, on: 2026-02-01}
"""
LIVED = TRACK.replace("stage: in_force\n", SIGNED)


def test_who_signed_which_stage_is_known_and_no_part_of_the_law() -> None:
    protocol, problems = compiled(LIVED)
    assert problems == ()
    assert [(str(one.stage), one.by["en"], one.on.year) for one in protocol.signed] == [
        ("consulted", "Council", 2025),
        ("piloting", "Council", 2025),
        ("evaluated", "University", 2026),
    ]
    assert protocol.pilots_in == ("QQ-I",)
    assert protocol.digest == compiled()[0].digest


@pytest.mark.parametrize(
    ("old", "new", "message", "remedy"),
    [
        ("on: 2025-06-01", "on: 2024-06-01", "'piloting' signed on 2024-06-01 comes", "in the order"),
        ("{stage: piloting", "{stage: consulted", "'consulted' signed on 2025-06-01", "each once"),
        ("{stage: evaluated", "{stage: validated", "nobody has signed that this version is 'eval", "Add"),
        ("{stage: evaluated", "{stage: liked", "'liked' is no 'stage' of a signature", "Use one of"),
        ("es: Universidad", "xx: Universidad", "'by' of a signature has no text in 'es'", "Add 'es"),
        ("on: 2026-02-01", "on: soon", "must be a date like", "in that form"),
        ("on: 2026-02-01", "on: 2206-02-01", "is 2206-02-01, beyond 1900 to 2100", "Correct the year"),
        (", on: 2026-02-01", "", "a signature has no 'on'", "Add the key 'on:'"),
        ("pilots_in: [QQ-I]", "pilots_in: [AR-X]", "'AR-X' under 'pilots_in' is no place of QQ", "QQ-X"),
        ("stage: evaluated\npilots_in: [QQ-I]", "stage: piloting", "says nowhere where", "Add 'pilots_in:'"),
    ],
)  # fmt: skip
def test_a_life_that_cannot_have_been_is_refused(
    old: str, new: str, message: str, remedy: str
) -> None:
    text, line = altered(LIVED, old, new)
    _, problems = compiled(text)
    found = [one for one in problems if message in one.message]
    assert found, [str(one) for one in problems]
    assert remedy in found[0].remedy
    assert abs(found[0].line - line) <= 4


# --- released ----------------------------------------------------------------------------------


def released(folder: Path, digest: str, day: str = "2026-01-01", country: str = "QQ") -> Path:
    text = f'{country}:\n  care:\n    {day}: "{digest}"\n'
    (folder / "released.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_released_version_may_change_its_stage_and_nothing_else(tmp_path: Path) -> None:
    digest = compiled()[0].digest
    assert standing(released(written(tmp_path / "same"), digest)) == ["2026-01-01"]
    old = TRACK.replace("stage: in_force", "stage: superseded")
    assert standing(released(beside(tmp_path / "old", NEWER, old), digest)) == ["2026-05-01"]
    edited = TRACK.replace("limit: 24 h", "limit: 25 h")
    (found,) = problems_of(released(written(tmp_path / "edited", edited), digest))
    assert found.file == "qq/care/2026-01-01.yaml"
    assert digest in found.message
    assert "a released version is never edited" in found.message
    assert "qq/care/<the day it takes force>.yaml" in found.remedy


def test_a_released_version_that_is_gone_is_a_problem_at_the_register(tmp_path: Path) -> None:
    (found,) = problems_of(released(written(tmp_path), "0" * 64, day="2025-01-01"))
    assert (found.file, found.line) == ("released.yaml", 3)
    assert "qq/care/2025-01-01.yaml is not there" in found.message
    assert "Restore it" in found.remedy


def test_a_country_that_was_not_asked_for_is_not_looked_at(tmp_path: Path) -> None:
    folder = released(written(tmp_path), "0" * 64, country="PP")
    assert "PP care 2026-01-01 was released, and the file" in problems_of(folder)[0].message
    (folder / "pp").mkdir()
    assert Catalogue.load(folder, only=["QQ"]).countries == ("QQ",)
    (folder / "pp").rmdir()
    (folder / "released.yaml").write_text("QQ: [care]\n", encoding="utf-8")
    assert "must be a list of keys" in problems_of(folder)[0].message
    (folder / "released.yaml").write_text("QQ: [", encoding="utf-8")
    assert "this is not YAML" in problems_of(folder)[0].message


def test_a_running_referral_is_replayed_to_the_byte_after_a_new_version(tmp_path: Path) -> None:
    def story(catalogue: Catalogue, version: str, digest: str) -> list[str]:
        protocol = catalogue.pinned("QQ", "care", version, digest)
        run = run_of(facts(age=10, works=True), CL="indicated", place="QQ-I")
        (opening,) = engine.file((protocol,), run, FRIDAY)
        said = [repr(opening.decision)]
        run = carried_out(run, opening.decision)
        asked, clock = run.hand_offs[0].id, run.clocks[0].id
        for answer in (
            engine.lapse(protocol, run, clock, FRIDAY),
            engine.act(protocol, run, asked, Act.ACCEPT, FRIDAY, party=Party.RECEIVER),
            engine.amend(protocol, run, facts(age=12, works=True), FRIDAY),
        ):
            assert isinstance(answer, Decision)
            said.append(repr(answer))
        return said

    before = Catalogue.load(written(tmp_path))
    (old,) = before.in_force("QQ", DAY, "QQ-I")
    first = story(before, old.version, old.digest)
    (tmp_path / "qq" / "care" / "2026-01-01.yaml").write_text(
        TRACK.replace("stage: in_force", "stage: superseded"), encoding="utf-8"
    )
    (tmp_path / "qq" / "care" / "2026-05-01.yaml").write_text(NEWER, encoding="utf-8")
    after = Catalogue.load(tmp_path)
    (new,) = after.in_force("QQ", DAY, "QQ-I")
    assert new.digest != old.digest
    assert story(after, old.version, old.digest) == first
    assert story(after, new.version, new.digest) != first


# --- files nobody reads, days nobody means -----------------------------------------------------


@pytest.mark.parametrize("name", ["case.yaml", "fact.yml", "care/2026-09-01.yml"])
def test_a_file_nobody_reads_is_a_problem(tmp_path: Path, name: str) -> None:
    folder = written(tmp_path)
    (folder / "qq" / name).write_text("a: b\n", encoding="utf-8")
    (found,) = problems_of(folder)
    assert found.file == f"qq/{name}"
    assert "is no file of a country" in found.message
    assert "Use one of calendars.yaml, cases.yaml" in found.remedy
    assert "<track>/<day it takes force>.yaml" in found.remedy


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "remedy"),
    [
        ("to: 2030", "to: 2130", 3, "cover 2025 to 2130, which are no years from 1900", "Cover"),
        ("from: 2025, to: 2030", "from: 2030, to: 2025", 3, "cover 2030 to 2025", "first one first"),
        ("from: 2025, ", "", 3, "'covered' of calendars.yaml has no 'from'", "Add the key"),
        ("weekend:", "weekends:", 6, "'weekends' is not a key of the calendar 'office'", "added, closures"),
        ("weekend:", "serves: [MAYOR], weekend:", 6, "'MAYOR' under 'serves' of the calendar 'office'", "COUNCIL"),
        ("[saturday, sunday]", "[caturday]", 6, "'caturday' is no day of the week", "Correct the entry"),
        ("default: office", "default: offices", 6, "the default calendar 'offices' does not exist", "Correct"),
        ("weekend:", "holidays: {country: XX}, weekend:", 6, "the calendars cannot be read", "Correct"),
        ("language: en", "colour: red", 2, "'colour' is not a key of calendars.yaml", "calendars, covered"),
    ],
)  # fmt: skip
def test_a_wrong_calendar_is_named_with_its_line_and_hides_nothing(
    tmp_path: Path, old: str, new: str, line: int, message: str, remedy: str
) -> None:
    folder = written(tmp_path, TRACK.replace("limit: 24 h", "limit: soon"))
    text, _ = altered(CALENDARS, old, new)
    (folder / "qq" / "calendars.yaml").write_text(text, encoding="utf-8")
    problems = problems_of(folder)
    found = [one for one in problems if message in one.message]
    assert found, [str(one) for one in problems]
    assert (found[0].file, found[0].line) == ("qq/calendars.yaml", line)
    assert remedy in found[0].remedy
    assert any("'soon' is no limit" in one.message for one in problems)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("takes_force: 2026-01-01", "takes_force: 2201-01-01"),
        ("stage: in_force", SIGNED.strip().replace("2026-02-01", "2102-02-01")),
    ],
)  # fmt: skip
def test_a_day_beyond_2100_is_refused(old: str, new: str) -> None:
    _, problems = compiled(TRACK.replace(old, new))
    assert any("beyond 1900 to 2100" in one.message for one in problems)


def test_a_year_the_calendar_does_not_cover_is_never_guessed(tmp_path: Path) -> None:
    case = """\
cases:
  - name: Far away
    at: 2040-03-02 10:00
    place: QQ
    facts: {age: 10, works: true, econ_hours: 5}
    tracks: care
    follow: care
    filed:
      opens: Q1 LOCAL
    story:
      - happens: LOCAL accepts Q1
"""
    report = check(folder=written(tmp_path, cases=case))
    found = [one for one in report.problems if "covers 2025 to 2030" in one.message]
    assert [one.line for one in found] == [3]
    assert "nothing" not in found[0].message
    assert not report.sound
