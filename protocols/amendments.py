"""What new facts change: steps that may now open, hand-offs that are no longer needed, limits.

What somebody has accepted stays accepted. Where the facts come from is never known here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial

from protocols import limits, openings
from protocols.answers import somebody_calls
from protocols.conditions import Always, World
from protocols.decision import ClockState, HandOffState, Reason, RunningClock
from protocols.exclusions import barred, excluded, shut_out
from protocols.history import KEPT, happened, reached
from protocols.law import FILING, TRIAGE, Clock, Step
from protocols.lifecycle import Act
from protocols.moves import WAITING, move
from protocols.walk import Walk


def read_again(walk: Walk, old: World) -> None:
    """Open what no longer is false, close what has become false and nobody accepted."""
    for found in tuple(walk.hand_offs.values()):
        if found.state in WAITING:
            _still_needed(walk, walk.protocol.steps[found.step], found)
    if TRIAGE in walk.events and FILING not in walk.events and _now_applies(walk):
        reason = Reason(FILING, "applies", walk.protocol.applies.sources)
        walk.record(FILING, reason)
        walk.fire(FILING)
    for step in walk.protocol.steps.values():
        opened = _opened(walk, step)
        if barred(walk.protocol, step, walk.world) or (
            opened and not barred(walk.protocol, step, old)
        ):
            continue
        trigger = next((word for word in step.follows if _happened(walk, word)), None)
        if trigger is not None:
            rule = f"follows {trigger}, read again"
            openings.open_step(walk, step, rule, again=opened)
    _clocks_again(walk)


def _happened(walk: Walk, trigger: str) -> bool:
    return happened(trigger, walk.events, walk.hand_offs.values())


def _now_applies(walk: Walk) -> bool:
    return walk.protocol.applies.when.holds(walk.world) is True


def _still_needed(walk: Walk, step: Step, found: HandOffState) -> None:
    if step.when.holds(walk.world) is False:
        reason = Reason(step.id, "its condition has become false", step.sources)
        move(walk, found.id, Act.CANCEL, reason, "NO_LONGER_NEEDED")
    elif shut_out(walk.protocol, found.mandate, walk.world):
        excluded(walk, step, found.mandate)  # the rule is written down
        reason = Reason(step.id, "its recipient is now excluded", step.sources)
        move(walk, found.id, Act.CANCEL, reason, "NO_LONGER_NEEDED")
        if not somebody_calls(walk, step, found):
            openings.ask_next(walk, step, found.opening, reason.rule, replaces=found.id)


def _opened(walk: Walk, step: Step) -> bool:
    held = f"{step.id} held" in walk.events
    return held or any(one.step == step.id for one in walk.hand_offs.values())


def _clocks_again(walk: Walk) -> None:
    """A limit whose condition changed (an emergency, no longer one) begins or ends.

    It begins now, for whoever has the step in hand, accepted or not. One begun by an event alone
    does not: when that happened is not known here.
    """
    for clock in walk.protocol.clocks.values():
        if isinstance(clock.when, Always):
            continue
        mine = [one for one in walk.clocks.values() if one.clock == clock.id]
        if clock.when.holds(walk.world) is False:
            _end_all(walk, clock, mine)
            continue
        # One that new facts stopped is not known any more: newer facts may set it going again.
        known = {one.hand_off for one in mine if one.state is not ClockState.STOPPED}
        asked = {one.id for one in walk.run.hand_offs if one.step == clock.step}
        _start_missing(walk, clock, known)
        if known <= asked and f"{clock.step} held" in walk.run.events:
            _start_kept(walk, clock)


def _end_all(walk: Walk, clock: Clock, mine: Iterable[RunningClock]) -> None:
    reason = Reason(clock.step, "its condition has become false", clock.sources)
    for running in mine:
        if running.state.live:
            limits.end(walk, running, reason)


def _start_missing(walk: Walk, clock: Clock, known: Collection[str | None]) -> None:
    """For hand-offs that were in hand before; those opened just now start their own clocks."""
    for before in walk.run.hand_offs:
        found = walk.hand_offs[before.id]
        if found.step != clock.step or found.state.terminal or found.id in known:
            continue
        done = partial(reached, found)
        begun = _own(clock, clock.start, done)
        if begun and not _met(walk, clock, done):
            limits.start(walk, clock, begun, found.id)


def _start_kept(walk: Walk, clock: Clock) -> None:
    """For the holder who keeps the step itself, and has not done it."""
    done = KEPT.__contains__
    begun = _own(clock, clock.start, done)
    in_hand = openings.unfinished(walk.events, clock.step)
    if begun and in_hand and not _met(walk, clock, done):
        limits.start(walk, clock, begun, None)


def _own(clock: Clock, words: Iterable[str], said: Callable[[str], bool]) -> str | None:
    """The first of these triggers that is an act of the limit's own step and has been done."""
    own = (word for word in words if word.startswith(f"{clock.step} "))
    return next((word for word in own if said(word.removeprefix(f"{clock.step} "))), None)


def _met(walk: Walk, clock: Clock, said: Callable[[str], bool]) -> bool:
    """Whether what stops the limit has already happened to this hand-off, or to the referral.

    Acts of its own step in the history may be those of former openings.
    """
    others = (word for word in clock.stop if not word.startswith(f"{clock.step} "))
    return _own(clock, clock.stop, said) is not None or any(_happened(walk, one) for one in others)
