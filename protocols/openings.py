"""Opening steps: who is asked, who is not and why, and who comes next.

1. Unknown opens, only false withholds; what is unknown is listed as needed.
2. An excluded mandate is never asked, at no place of the order (``exclusions``).
3. A mandate is asked at most once in one opening of a step.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from protocols.asking import ask_or_keep
from protocols.conditions import missing
from protocols.decision import HandOffState, Reason, Withheld
from protocols.exclusions import excluded
from protocols.law import HOLDER, ROLES, Asking, Step
from protocols.lifecycle import Kind
from protocols.walk import Walk


def open_step(
    walk: Walk, step: Step, rule: str, cause: str | None = None, *, again: bool = False
) -> None:
    """Open a step if it is its turn and its condition is not false."""
    opening = _next_opening(walk, step, again=again)
    if opening is None or (walk.closed and step.kind is not Kind.NOTICE):
        return
    holds = step.when.holds(walk.world)
    if holds is False:
        for mandate in step.ask:
            if mandate not in ROLES:
                walk.add(Withheld(mandate, Reason(step.id, "its condition is false", step.sources)))
        return
    reason = Reason(step.id, rule, step.sources)
    if holds is None:
        walk.need(missing(step.when, walk.world), reason)
    first = tuple(mandate for mandate in step.ask if not excluded(walk, step, mandate))
    if _tells_itself(walk, step, cause):
        walk.add(Withheld(step.ask[0], Reason(step.id, "it is its own act", step.sources)))
    elif not first:
        ask_next(walk, step, opening, rule)
    elif step.asking is Asking.ALL_OF:
        for mandate in first:
            ask_or_keep(walk, step, (mandate,), opening, reason, cause)
    else:
        ask_or_keep(walk, step, first, opening, reason, cause)


def ask_next(
    walk: Walk, step: Step, opening: int, rule: str, *, replaces: str | None = None
) -> bool:
    """Ask the next mandate of the order that was not asked in this opening; False if none is."""
    asked = {
        one.mandate
        for one in walk.hand_offs.values()
        if one.step == step.id and one.opening == opening
    }
    for mandate in step.order:
        if mandate in asked or mandate == HOLDER or excluded(walk, step, mandate):
            continue
        reason = Reason(step.id, rule, step.sources)
        ask_or_keep(walk, step, (mandate,), opening, reason, replaces, replaces=replaces)
        return True
    return False


def ask_last(walk: Walk, step: Step, opening: int, rule: str, replaces: str) -> None:
    """Go straight to the body that may not decline, if the step has one and it was not asked."""
    if step.last is None or any(
        one.step == step.id and one.opening == opening and one.mandate == step.last
        for one in walk.hand_offs.values()
    ):
        return
    reason = Reason(step.id, rule, step.sources)
    ask_or_keep(walk, step, (step.last,), opening, reason, replaces, replaces=replaces)


def live(walk: Walk, step: str) -> bool:
    """Whether somebody still has this step in hand, or the holder keeps it unfinished."""
    return unfinished(walk.events, step) or live_in(walk.hand_offs.values(), step)


def unfinished(events: Collection[str], step: str) -> bool:
    """Whether the holder keeps this step itself and has not completed it."""
    return f"{step} held" in events and f"{step} completed" not in events


def live_in(hand_offs: Iterable[HandOffState], step: str) -> bool:
    """Whether one of these hand-offs of this step is not ended."""
    return any(one.step == step and not one.state.terminal for one in hand_offs)


def _tells_itself(walk: Walk, step: Step, cause: str | None) -> bool:
    """Nobody is given notice of what it has itself just done."""
    if cause is None or step.kind is not Kind.NOTICE:
        return False
    return step.ask == (walk.hand_offs[cause].mandate,)


def _next_opening(walk: Walk, step: Step, *, again: bool) -> int | None:
    if live(walk, step.id):
        return None
    openings = [one.opening for one in walk.hand_offs.values() if one.step == step.id]
    done = max(openings, default=1 if f"{step.id} held" in walk.events else 0)
    return done + 1 if again or done < step.repeat else None
