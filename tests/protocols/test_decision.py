"""A decision is an ordered list of decided facts that cannot be changed afterwards."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from protocols.decision import Decision, HoldStep, NeedFact, Reason, RecordEvent, Refused

WHY = Reason("ZZ-1", "applies", ("ZZ-SRC",))


def test_the_items_of_one_kind_come_in_their_order() -> None:
    first, second = NeedFact("age", "holder", WHY), NeedFact("works", "holder", WHY)
    decision = Decision((first, RecordEvent("rescued", WHY), second, HoldStep("ZZ-1", WHY)))
    assert decision.all(NeedFact) == (first, second)
    assert decision.all(RecordEvent) == (RecordEvent("rescued", WHY),)
    assert Decision(()).all(NeedFact) == ()


def test_a_decision_and_a_refusal_stay_as_they_are() -> None:
    decision, refusal = Decision(()), Refused("accept", "lifecycle", "it has ended")
    with pytest.raises(FrozenInstanceError):
        decision.items = (HoldStep("ZZ-1", WHY),)  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        refusal.rule = "none"  # type: ignore[misc]
    assert refusal.possible == ()
