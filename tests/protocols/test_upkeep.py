"""What sound files still owe: law in force that was never released, calendars that run out."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from protocols.check import check
from protocols.problems import Problem, Severity
from tests.protocols.drafts import CALENDARS, TRACK, compiled, written

TODAY = date(2026, 11, 26)
DIGEST = compiled()[0].digest
RELEASED = "QQ:\n  care:\n    2026-01-01: " + DIGEST + "\n"


def warned(folder: Path, today: date | None, word: str) -> list[Problem]:
    """Warnings in which this word stands."""
    found = check(folder=folder, today=today, proving=False).problems
    return [one for one in found if one.severity is Severity.WARNING and word in one.message]


def test_law_in_force_that_was_never_released_is_told_with_what_to_write(tmp_path: Path) -> None:
    (found,) = warned(written(tmp_path), TODAY, "released.yaml")
    assert (found.file, found.line) == ("qq/care/2026-01-01.yaml", 1)
    assert found.message.startswith("care 2026-01-01 is in force and is not in released.yaml")
    assert f"'2026-01-01: {DIGEST}' there, under QQ and care" in found.remedy


def test_the_release_of_another_version_is_not_the_release_of_this_one(tmp_path: Path) -> None:
    folder = written(tmp_path)
    newer = TRACK.replace("takes_force: 2026-01-01", "takes_force: 2026-05-01")
    (folder / "qq" / "care" / "2026-05-01.yaml").write_text(newer, encoding="utf-8")
    (folder / "released.yaml").write_text(RELEASED, encoding="utf-8")
    (found,) = warned(folder, TODAY, "released.yaml")
    assert found.file == "qq/care/2026-05-01.yaml"


def test_what_is_released_no_longer_warns_nor_does_what_is_edited_since(tmp_path: Path) -> None:
    folder = written(tmp_path)
    (folder / "released.yaml").write_text(RELEASED, encoding="utf-8")
    assert warned(folder, TODAY, "released.yaml") == []
    (folder / "released.yaml").write_text(RELEASED.replace(DIGEST, "0" * 64), encoding="utf-8")
    assert warned(folder, TODAY, "released.yaml") == []  # that is an error, and said once
    (folder / "released.yaml").write_text("- QQ\n", encoding="utf-8")
    assert len(warned(folder, TODAY, "released.yaml")) == 1


def test_what_has_not_taken_force_and_what_is_a_draft_may_still_be_edited(tmp_path: Path) -> None:
    assert warned(written(tmp_path / "later"), date(2025, 12, 31), "released.yaml") == []
    assert len(warned(tmp_path / "later", None, "released.yaml")) == 1
    draft = written(tmp_path / "draft", TRACK.replace("stage: in_force", "stage: draft"))
    assert warned(draft, TODAY, "released.yaml") == []


@pytest.mark.parametrize(
    ("today", "said"),
    [
        (date(2030, 9, 2), "holidays are known until 2030-12-31, 120 days from now (1 calendars)"),
        (date(2030, 12, 31), "until 2030-12-31, 0 days from now"),
        (date(2031, 1, 10), "until 2030-12-31, 10 days ago"),
    ],
)
def test_a_calendar_that_ends_soon_is_told_before_it_ends(
    tmp_path: Path, today: date, said: str
) -> None:
    (found,) = warned(written(tmp_path), today, "holidays")
    assert said in found.message
    assert (found.file, found.line) == ("qq/calendars.yaml", 3)
    assert found.remedy.startswith("Enter the holidays of 2031 and extend 'covered'")


@pytest.mark.parametrize("today", [date(2030, 9, 1), None])
def test_a_calendar_with_time_to_spare_or_judged_on_no_day_does_not_warn(
    tmp_path: Path, today: date | None
) -> None:
    assert warned(written(tmp_path), today, "holidays") == []


def test_whoever_is_always_on_duty_needs_no_holidays(tmp_path: Path) -> None:
    folder = written(tmp_path)
    never = CALENDARS.replace("[saturday, sunday]", "[]")
    (folder / "qq" / "calendars.yaml").write_text(never, encoding="utf-8")
    assert warned(folder, date(2031, 1, 10), "holidays") == []
