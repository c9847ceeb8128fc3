"""The access rules as data: the two tables of ``matrix.yaml``, and the doors that name their rows.

Read once. It decides nothing, and knows neither a case nor a caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Final

import yaml

from referral.access.relationships import Relationship
from referral.session import Role

_FILE: Final = Path(__file__).with_name("matrix.yaml")
_DOORS: Final = Path(__file__).with_name("doors.yaml")


class Need(StrEnum):
    """What a cell of the matrix asks for besides the relationship or the role."""

    REASON = "R"
    STEP_UP = "S"
    SECOND_PERSON = "2"


Needs = frozenset[Need]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Action -> relationship -> needs, action -> role -> needs, class -> the action that opens it.

    ``on_hold``: actions that a legal hold denies.
    ``sight``: what a relationship makes visible, by (a reason was given, stepped up): worked out
    from the cells once, since every decision tells it.
    """

    on_a_case: Mapping[str, Mapping[Relationship, Needs]]
    by_role: Mapping[str, Mapping[Role, Needs]]
    classes: Mapping[str, str]
    apart: tuple[frozenset[str], ...]
    sight: Mapping[tuple[Relationship, bool, bool], frozenset[str]]
    on_hold: frozenset[str]


@cache
def matrix() -> Matrix:
    """The matrix file, read once. Raises ValueError on a word it does not know."""
    raw = yaml.safe_load(_FILE.read_bytes())
    on_a_case = {
        action: {Relationship(who): _needs(cell) for who, cell in row.items()}
        for action, row in raw["on_a_case"].items()
    }
    return Matrix(
        on_a_case=on_a_case,
        by_role={
            action: {Role(who): _needs(cell) for who, cell in row.items()}
            for action, row in raw["by_role"].items()
        },
        classes=raw["classes"],
        apart=tuple(frozenset(pair) for pair in raw["apart"]),
        sight=_sight(on_a_case, raw["classes"]),
        on_hold=frozenset(raw["on_hold"]),
    )


@cache
def doors() -> Mapping[str, Mapping[str, Any]]:
    """Which action each address asks for, and which field group each table holds."""
    found: Mapping[str, Mapping[str, Any]] = yaml.safe_load(_DOORS.read_bytes())
    return found


def _needs(cell: Any) -> Needs:
    return frozenset(Need(letter) for letter in str(cell) if letter != "Y")


def cell_of(needs: Needs) -> str:
    """A cell as it is written: Y, or the letters of what it asks for."""
    return "".join(sorted(need.value for need in needs)) or "Y"


def given(*, has_reason: bool, stepped_up: bool, second_person: bool = False) -> Needs:
    """What has been shown, as the needs it meets."""
    shown = (
        (Need.REASON, has_reason),
        (Need.STEP_UP, stepped_up),
        (Need.SECOND_PERSON, second_person),
    )
    return frozenset(need for need, there in shown if there)


def _sight(
    on_a_case: Mapping[str, Mapping[Relationship, Needs]], classes: Mapping[str, str]
) -> dict[tuple[Relationship, bool, bool], frozenset[str]]:
    return {
        (who, reason, stepped): frozenset(
            group
            for group, action in classes.items()
            if who in on_a_case[action]
            and on_a_case[action][who] <= given(has_reason=reason, stepped_up=stepped)
        )
        for who, reason, stepped in product(Relationship, (False, True), (False, True))
    }


def conflict(duties: Iterable[str]) -> tuple[str, str] | None:
    """Two duties among these that one person may never have together."""
    held = frozenset(duties)
    for pair in matrix().apart:
        if pair <= held:
            one, other = sorted(pair)
            return one, other
    return None
