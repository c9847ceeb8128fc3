"""A frozen value is altered in the fields that are named, and in nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from protocols.altered import altered
from protocols.decision import HandOffState
from protocols.lifecycle import Kind, State

ASKED = HandOffState("1", "Q1", Kind.CUSTODY, "POLICE", State.REQUESTED)


@pytest.mark.parametrize("changes", [{}, {"state": State.ACCEPTED}, {"opening": 2, "outcome": "X"}])
def test_it_is_what_replacing_gives(changes: dict[str, object]) -> None:
    assert altered(ASKED, **changes) == replace(ASKED, **changes)  # type: ignore[arg-type]


def test_what_it_was_made_of_stays_as_it_was() -> None:
    altered(ASKED, state=State.ACCEPTED)
    assert ASKED.state is State.REQUESTED
