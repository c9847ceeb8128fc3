"""Moving hand-offs along their life cycle, and closing a referral.

A hand-off that ends takes its clocks with it. Closing leaves a holder of record: what others still
have in hand (tasks, notices) goes on, and follow-up clocks survive.
"""

from __future__ import annotations

from protocols import limits
from protocols.altered import altered
from protocols.decision import (
    CloseReferral,
    MoveHandOff,
    OpenHandOff,
    Reason,
    RunningClock,
)
from protocols.law import CLOSED, Closing
from protocols.lifecycle import TRANSITIONS, Act, Kind, State
from protocols.walk import Walk

WAITING = frozenset({State.REQUESTED, State.RECEIVED})


def move(
    walk: Walk, hand_off: str, act: Act, reason: Reason, reason_code: str | None = None
) -> None:
    """Move a hand-off by a row of the life-cycle table; the caller has made sure there is one."""
    now = walk.hand_offs[hand_off]
    row = TRANSITIONS[now.kind, now.state, act]
    if row.to.terminal:
        limits.stop_with(walk, hand_off, reason)
    for item in walk.items:
        if isinstance(item, OpenHandOff) and item.key == hand_off:  # it was never sent
            walk.items.remove(item)
            del walk.hand_offs[hand_off]
            return
    walk.hand_offs[hand_off] = altered(now, state=row.to)
    walk.items.append(MoveHandOff(hand_off, act, now.state, row.to, reason, reason_code))


def close(walk: Walk, closing: Closing, trigger: str) -> None:
    """Close the referral: take back what nobody accepted, stop what no longer matters."""
    reason = Reason(trigger.partition(" ")[0], f"closing after {trigger}", closing.sources)
    walk.closed = True
    for hand_off in tuple(walk.hand_offs.values()):
        if hand_off.state in WAITING and hand_off.kind is not Kind.NOTICE:
            move(walk, hand_off.id, Act.CANCEL, reason, "NO_LONGER_NEEDED")
    for clock in tuple(walk.clocks.values()):
        if clock.state.live and not outlives(walk, clock):
            limits.end(walk, clock, reason)
    walk.add(CloseReferral(closing.outcome, reason))
    walk.fire(CLOSED)


def outlives(walk: Walk, clock: RunningClock) -> bool:
    """Whether a limit still matters: its hand-off has not ended, nor the referral without it.

    After closing follow-up clocks go on, and those of tasks and notices still in somebody's hands.
    """
    if limits.law_of(walk, clock).survives:
        return True
    hand_off = limits.bound_to(walk, clock)
    if hand_off is None:
        return not walk.closed
    closed = walk.closed and hand_off.kind is Kind.CUSTODY
    return not (hand_off.state.terminal or closed)
