"""The README says what is there: every setting, every command, and no place that does not exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from agencies.cast import parts
from referral.cli import app
from referral.demo import PLAYED
from referral.outcomes import Exit
from referral.settings import Settings

PROJECT = Path(__file__).parents[1]
TEXT = (PROJECT / "README.md").read_text("utf-8")
PLACES = re.compile(r"`((?:protocols|agencies|referral|tests)/[\w./-]*|[\w-]+\.(?:toml|yml|txt))`")


def rows_of(heading: str) -> list[list[str]]:
    """The table rows under a heading, as cells."""
    _, _, after = TEXT.partition(f"\n## {heading}")
    section = after.partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_every_setting_is_in_the_table_with_its_default() -> None:
    told = {row[0].strip("`"): row[1] for row in rows_of("Settings") if row[0].startswith("`")}
    fields = {f"REFERRAL_{name.upper()}": field for name, field in Settings.model_fields.items()}
    assert set(told) == set(fields)
    for name, field in fields.items():
        if field.default not in {None, ""}:
            assert told[name] == f"`{field.default}`", name


def test_every_command_is_in_the_table() -> None:
    told = {
        name for row in rows_of("The command line") for name in re.findall(r"`([a-z ]+)`", row[0])
    }
    assert told == set(_commands(typer.main.get_command(app)))


def _commands(group: Any) -> list[str]:
    found = []
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        inner = _commands(command) if hasattr(command, "commands") else []
        found += [f"{name} {leaf}" for leaf in inner] or [name]
    return found


def test_everybody_of_the_cast_is_in_the_table_and_nobody_else() -> None:
    told = {name for row in rows_of("Two commands") for name in re.findall(r"`([a-z_]+)`", row[0])}
    assert told == {part.key for part in parts(PLAYED)}


def test_every_exit_code_is_in_the_table() -> None:
    told = {int(row[0]) for row in rows_of("The command line") if row[0].isdigit()}
    assert told == {code.value for code in Exit}


@pytest.mark.parametrize("place", sorted(set(PLACES.findall(TEXT))))
def test_every_place_that_is_named_exists(place: str) -> None:
    assert (PROJECT / place).exists()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)\)", TEXT))))
def test_every_picture_and_link_leads_somewhere(target: str) -> None:
    assert (PROJECT / target).exists()


def test_the_command_that_pins_is_the_one_that_was_used() -> None:
    used = (PROJECT / "requirements.txt").read_text("utf-8").splitlines()[1].strip("# ")
    assert used in TEXT
