# ruff: noqa: E501 - a country file is altered as its authors write it
"""L5 where a decline leads elsewhere while somebody asked before it has called and stays silent."""

from __future__ import annotations

import pytest

from tests.protocols.proof.small import changed, found, with_third

ROUTED = "    ask: POLICE\n    then: LOCAL\n    last: NATION\n    declines: {NO_CAPACITY: Q3, DUPLICATE: sender}\n"
CUSTODY = (
    ("kind: task", "kind: custody"),
    ("ask: POLICE", "ask: LOCAL\n    last: NATION"),
    ("follows: Q1 accepted", "follows: moved"),
    ("limit: 5 wd", "limit: 24 h"),
    ("escalates_to: NATION", "escalates_to: COUNCIL\n        ladder: unanswered"),
)


def routed(*third: tuple[str, str]) -> str:
    """The police, and the office where they may not be asked; who has no room says it to Q3."""
    first, follows = "    ask: LOCAL\n    last: NATION\n", "    follows: [filing, triage]\n"
    return changed(first + follows, ROUTED + follows, with_third(*third))


def test_whoever_is_handed_over_to_another_custody_step_is_looked_after_there() -> None:
    text = routed(*CUSTODY)
    assert [one.message for one in found(text, "L5")] == []


@pytest.mark.parametrize("third", [(), (("follows: Q1 accepted", "follows: moved"),)])
def test_a_decline_into_a_mere_task_leaves_the_child_with_the_silent_one(
    third: tuple[tuple[str, str], ...],
) -> None:
    (finding,) = found(routed(*third), "L5")
    assert "Q1 never reaches NATION" in finding.message
    assert finding.history[-1].startswith(("POLICE declines Q1", "LOCAL declines Q1"))
