"""Clocks of a walk: started, stopped, restarted, and climbed rung by rung.

Only what follows from a trigger or a lapse is here; how a limit becomes a moment is
``working_time``'s business, what a limit is, the protocol's, what makes it longer ``prolonging``'s.
"""

from __future__ import annotations

from collections.abc import Iterator

from protocols.altered import altered
from protocols.conditions import missing
from protocols.decision import (
    AdvanceClock,
    ClockState,
    Escalate,
    HandOffState,
    Reason,
    RunningClock,
    StartClock,
    StopClock,
)
from protocols.derivation import Standstills
from protocols.law import HOLDER, Clock
from protocols.protocol import Protocol
from protocols.rungs import Call, Rung, RungKind, moments
from protocols.walk import Walk


def law_of(walk: Walk, running: RunningClock) -> Clock:
    """The protocol's clock behind a running one (the review clock included)."""
    return walk.protocol.clocks.get(running.clock, walk.protocol.review)


def start(walk: Walk, clock: Clock, trigger: str, cause: str | None) -> None:
    """Start a clock, unless it runs already (then only one that ``restarts`` begins anew)."""
    hand_off = _attached(walk, clock, trigger, cause)
    if walk.closed and not clock.survives and hand_off is None:
        return
    holds = clock.when.holds(walk.world)
    if holds is False:
        return
    if holds is None:  # unknown starts it; the fact is asked for
        walk.need(missing(clock.when, walk.world), reason(clock, f"{clock.id} from {trigger}"))
    for running in tuple(walk.clocks.values()):
        same = running.clock == clock.id and running.hand_off == hand_off
        if same and running.state.live:
            if not clock.restarts:
                return
            end(walk, running, reason(clock, f"{clock.id} begins anew after {trigger}"))
    begin(walk, clock, hand_off, f"{clock.id} from {trigger}")


def begin(walk: Walk, clock: Clock, hand_off: str | None, rule: str) -> None:
    """Write the start of a clock down, now, with its end and its ladder."""
    due = walk.due(clock.limit, whose_days(walk, clock, hand_off))
    key = f"{clock.id}/{hand_off or ''}"
    walk.clocks[key] = RunningClock(key, clock.id, clock.step, hand_off, walk.at, due.moment)
    walk.items.append(
        StartClock(
            clock.id,
            clock.step,
            hand_off,
            due,
            ladder_of(walk.protocol, clock.id, hand_off),
            clock.basis,
            clock.at_once,
            reason(clock, rule),
        )
    )


def whose_days(walk: Walk, clock: Clock, hand_off: str | None) -> str:
    """The mandate whose working days count: the one the clock names, else receiver or holder."""
    asked = walk.hand_offs.get(hand_off or "")
    return clock.calendar_of or (asked.mandate if asked else HOLDER)


def ladder_of(protocol: Protocol, clock: str, hand_off: str | None) -> tuple[Call, ...]:
    """Whom a clock calls at which share of its limit."""
    return protocol.index.rungs[clock, hand_off is not None]


def rungs_of(protocol: Protocol, running: RunningClock) -> tuple[Rung, ...]:
    """The ladder of a running clock as moments and names, in the order in which they fire."""
    calls = ladder_of(protocol, running.clock, running.hand_off)
    return moments(calls, running.starts_at, running.due_at, stood_still(running))


def stood_still(running: RunningClock) -> Standstills:
    """From when until when it stood still, as far as that is over."""
    return tuple((one.since, one.until) for one in running.stood if one.until is not None)


def stop(walk: Walk, clock: Clock, trigger: str, cause: str | None) -> None:
    """Stop what this trigger meets; what stands still has not passed."""
    for running in touched(walk, clock, trigger, cause):
        met = running.state is ClockState.PAUSED or walk.at <= running.due_at
        if running.state.live or (running.state is ClockState.LAPSED and met):
            end(walk, running, reason(clock, f"{clock.id} until {trigger}"), met=met)


def touched(walk: Walk, clock: Clock, trigger: str, cause: str | None) -> Iterator[RunningClock]:
    """The running clocks of this limit; an act on one hand-off touches no other hand-off's."""
    own = trigger.startswith(f"{clock.step} ")
    for running in tuple(walk.clocks.values()):
        if running.clock != clock.id:
            continue
        asked = walk.hand_offs.get(running.hand_off or "")
        rival = asked is not None and asked.step == clock.step and asked.id != cause
        if not (own and rival):
            yield running


def bound_to(walk: Walk, running: RunningClock) -> HandOffState | None:
    """The hand-off with which a limit ends: its step's own, or the one its duty came with.

    Of a step the holder keeps itself the limit is the holder's: it is shown where it began.
    """
    found = walk.hand_offs.get(running.hand_off or "")
    if found is None or found.step == running.step:
        return found
    step = walk.protocol.steps.get(running.step)
    return found if step is not None and step.kept else None


def stop_with(walk: Walk, hand_off: str, why: Reason) -> None:
    """A hand-off has ended: its remaining clocks no longer matter, follow-ups excepted."""
    for running in tuple(walk.clocks.values()):
        attached = running.hand_off == hand_off and running.state.live
        if attached and bound_to(walk, running) is not None and not law_of(walk, running).survives:
            end(walk, running, why)


def end(walk: Walk, running: RunningClock, why: Reason, *, met: bool = True) -> None:
    """Write the end of a clock down; one that began in this very decision never was."""
    state = ClockState.STOPPED if met else ClockState.LAPSED
    walk.clocks[running.id] = altered(running, state=state)
    for item in walk.items:
        if isinstance(item, StartClock) and is_start_of(item, running):
            walk.items.remove(item)
            return
    walk.items.append(StopClock(running.id, walk.at, state, why))


def is_start_of(item: StartClock, running: RunningClock) -> bool:
    """Whether this clock begins with this item: in this very decision."""
    names = (item.clock, item.hand_off) == (running.clock, running.hand_off)
    return names and item.starts_at == running.starts_at


def keep_alive(walk: Walk) -> None:
    """No open referral without a running clock: the holder reviews what else nobody watches."""
    if any(clock.state is ClockState.RUNNING for clock in walk.clocks.values()):
        return
    begin(walk, walk.protocol.review, None, "nothing else is running")


def climb(walk: Walk, running: RunningClock) -> tuple[Rung, ...]:
    """Fire the next rung (all of the same moment together); the rungs fired.

    The clock is spent after the last rung; a recurring one begins anew where it ended.
    """
    clock = law_of(walk, running)
    rungs = rungs_of(walk.protocol, running)
    moment = rungs[running.rung].at
    fired = tuple(rung for rung in rungs[running.rung :] if rung.at == moment)
    reached = running.rung + len(fired)
    state = ClockState.LAPSED if reached == len(rungs) else ClockState.RUNNING
    why = reason(clock, f"{clock.id} rung {reached} of {len(rungs)}")
    walk.clocks[running.id] = altered(running, rung=reached, state=state)
    walk.items.append(AdvanceClock(running.id, reached, state, why))
    return fired


def escalate(walk: Walk, running: RunningClock, kind: RungKind, to: str) -> None:
    """Write down that somebody must be told."""
    clock = law_of(walk, running)
    why = reason(clock, f"{clock.id}: {kind}")
    walk.add(Escalate(running.id, running.hand_off, kind, to, why, clock.at_limit))


def _attached(walk: Walk, clock: Clock, trigger: str, cause: str | None) -> str | None:
    """The hand-off a clock belongs to: the step's own, or the one its duty came with."""
    if cause not in walk.hand_offs or walk.hand_offs[cause].state.terminal:
        return None
    own = trigger.startswith(f"{clock.step} ")
    step = walk.protocol.steps.get(clock.step)
    return cause if own or (step is not None and step.kept) else None


def reason(clock: Clock, rule: str, more: tuple[str, ...] = ()) -> Reason:
    """Why a clock does what it does; ``more``: sources of its own for this."""
    return Reason(clock.step, rule, more or clock.sources)
