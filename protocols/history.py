"""Has this happened yet? One question to what is recorded and to where the hand-offs stand.

Nothing follows from the answer here, and nothing is written down.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from protocols.decision import HandOffState
from protocols.lifecycle import Kind, State

KEPT = frozenset({"opened", "kept", "accepted"})  # what the holder does by keeping a step itself


def happened(trigger: str, events: Collection[str], hand_offs: Iterable[HandOffState]) -> bool:
    """Whether this trigger has occurred, given what is recorded and where the hand-offs stand."""
    if trigger in events:
        return True
    name, _, word = trigger.partition(" ")
    if word in KEPT and f"{name} held" in events:
        return True
    return any(one.step == name and reached(one, word) for one in hand_offs)


def reached(found: HandOffState, word: str) -> bool:
    """Whether this act, or outcome, of its step has been done to this hand-off."""
    ended = found.state in {State.COMPLETED, State.FAILED}
    accepted = found.state.answered or ended
    return {
        "opened": True,
        "acknowledged": accepted or found.state is State.RECEIVED,
        "accepted": accepted and found.kind is not Kind.NOTICE,
        "started": ended or found.state in {State.IN_PROGRESS, State.ON_HOLD},
        "declined": found.state is State.REJECTED,
        "completed": found.state is State.COMPLETED,
        "failed": found.state is State.FAILED,
        "cancelled": found.state is State.CANCELLED,
    }.get(word, found.outcome == word)
