"""What follows from what happened, until nothing more follows.

1. A trigger first stops clocks, then prolongs those that run (they go on, are
   extended, stand still), then starts clocks, then opens steps, then may close the referral.
2. A referral that stays open never ends a decision without a running clock: if nothing else runs,
   the track's review clock starts. Liveness does not depend on the author of a country file.

It ends because ``follows`` is acyclic and a step opens at most ``repeat`` times by itself.
"""

from __future__ import annotations

from protocols import limits, openings, prolonging
from protocols.decision import Decision
from protocols.moves import close
from protocols.walk import Walk


def settle(walk: Walk) -> Decision:
    """Follow everything up; the finished decision."""
    index = walk.protocol.index
    while (happened := walk.next_trigger()) is not None:
        trigger, cause = happened
        if cause is not None and cause not in walk.hand_offs:
            continue  # opened and taken back in this very decision: it never was
        for clock in index.stopping.get(trigger, ()):
            limits.stop(walk, clock, trigger, cause)
        for clock in index.prolonging.get(trigger, ()):
            prolonging.hear(walk, clock, trigger, cause)
        for clock in index.starting.get(trigger, ()):
            limits.start(walk, clock, trigger, cause)
        for step in index.following.get(trigger, ()):
            openings.open_step(walk, step, f"follows {trigger}", cause)
        closing = index.closing.get(trigger)
        if closing is not None and not walk.closed:
            close(walk, closing, trigger)
    if not walk.closed:
        limits.keep_alive(walk)
    return Decision(tuple(walk.items))
