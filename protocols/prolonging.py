"""Limits that stand still, go on, and are extended while they run.

1. What has passed is not prolonged: after the end of a limit nothing pauses or extends it. What is
   told late counts from when it happened, even if the ladder is spent by then.
2. A limit that goes on ends later by the time it stood still; what remained of its ladder moves on
   with it.
3. An extended limit is counted anew from its beginning, and its whole ladder with it: a reminder at
   half of the longer limit comes even if one came at half of the shorter.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from protocols import derivation, limits
from protocols.decision import (
    ClockState,
    ExtendClock,
    PauseClock,
    ResumeClock,
    RunningClock,
    Standstill,
    StartClock,
)
from protocols.history import happened
from protocols.law import Clock
from protocols.walk import Walk
from protocols.working_time import Due, due_at


def hear(walk: Walk, clock: Clock, trigger: str, cause: str | None) -> None:
    """What this trigger does to a limit: it goes on, then is extended, then stands still."""
    for running in limits.touched(walk, clock, trigger, cause):
        for change in (_resume, _extend, _pause):
            change(walk, clock, walk.clocks[running.id], trigger)


def _pause(walk: Walk, clock: Clock, running: RunningClock, trigger: str) -> None:
    named = trigger in clock.pauses.start and running.state is ClockState.RUNNING
    if not named or walk.at > running.due_at:
        return
    stood = (*running.stood, Standstill(max(walk.at, running.starts_at)))
    reason = limits.reason(clock, f"{clock.id} stands still after {trigger}", clock.pauses.sources)
    still = replace(running, state=ClockState.PAUSED, stood=stood)
    if not _already_starting(walk, still):
        walk.items.append(PauseClock(running.id, walk.at, stood, reason))


def _resume(walk: Walk, clock: Clock, running: RunningClock, trigger: str) -> None:
    if trigger not in clock.pauses.end or running.state is not ClockState.PAUSED:
        return
    *before, last = running.stood
    until = max(walk.at, last.since)
    on = replace(running, state=ClockState.RUNNING, stood=(*before, Standstill(last.since, until)))
    due = _counted(walk, clock, on)
    on = _on_its_ladder(walk, replace(on, due_at=due.moment), until)
    reason = limits.reason(clock, f"{clock.id} goes on after {trigger}", clock.pauses.sources)
    if not _already_starting(walk, on, due):
        rungs = limits.rungs_of(walk.protocol, on)
        walk.items.append(
            ResumeClock(
                on.id, until, due.moment, due.derivation, due.calendar, on.stood, rungs, on.rung,
                reason,
            )
        )  # fmt: skip


def _extend(walk: Walk, clock: Clock, running: RunningClock, trigger: str) -> None:
    extends = clock.extends
    if trigger not in extends.by or not _extendable(walk, clock, running):
        return
    state = ClockState.PAUSED if running.state is ClockState.PAUSED else ClockState.RUNNING
    longer = replace(running, state=state, extensions=running.extensions + 1)
    due = _counted(walk, clock, longer)
    longer = _on_its_ladder(walk, replace(longer, due_at=due.moment), walk.at)
    rule = f"{clock.id} extended after {trigger}, {longer.extensions} of {extends.at_most}"
    if not _already_starting(walk, longer, due):
        rungs = limits.rungs_of(walk.protocol, longer)
        walk.items.append(
            ExtendClock(
                longer.id, walk.at, due.moment, due.derivation, due.calendar, longer.extensions,
                state, rungs, longer.rung, limits.reason(clock, rule, extends.sources),
            )
        )  # fmt: skip


def _extendable(walk: Walk, clock: Clock, running: RunningClock) -> bool:
    """Not more often than the law allows, and not once the limit has passed or was met."""
    if running.extensions >= clock.extends.at_most:
        return False
    if running.state is ClockState.PAUSED:
        return True
    if walk.at > running.due_at:
        return False
    return running.state is ClockState.RUNNING or _only_told_late(walk, clock, running)


def _only_told_late(walk: Walk, clock: Clock, running: RunningClock) -> bool:
    """Its ladder is spent, and nothing has met it: the extension came in time, the news did not."""
    spent = running.rung == len(limits.rungs_of(walk.protocol, running))
    met = any(happened(word, walk.events, walk.hand_offs.values()) for word in clock.stop)
    return running.state is ClockState.LAPSED and spent and not met


def _counted(walk: Walk, clock: Clock, running: RunningClock) -> Due:
    """When a limit ends with all that befell it, counted from its beginning."""
    calendar = limits.calendar_for(walk, clock, running.hand_off)
    stood = tuple((one.since, one.until) for one in running.stood if one.until is not None)
    if not running.extensions:
        return due_at(running.starts_at, clock.limit, calendar, stood)
    longer = clock.extends.to[running.extensions - 1]
    due = due_at(running.starts_at, longer, calendar, stood)
    extended = derivation.extended(running.extensions, clock.extends.at_most, calendar)
    return replace(due, derivation=(extended, *due.derivation))


def _on_its_ladder(walk: Walk, running: RunningClock, at: datetime) -> RunningClock:
    """The first rung still to come is the next (the last, if all have passed)."""
    rungs = limits.rungs_of(walk.protocol, running)
    to_come = (place for place, rung in enumerate(rungs) if rung.at > at)
    return replace(running, rung=next(to_come, len(rungs) - 1))


def _already_starting(walk: Walk, running: RunningClock, due: Due | None = None) -> bool:
    """Keep a clock as it stands now; one that begins in this very decision begins like that."""
    walk.clocks[running.id] = running
    for place, item in enumerate(walk.items):
        if isinstance(item, StartClock) and limits.is_start_of(item, running):
            begun = replace(item, stood=running.stood, extensions=running.extensions)
            if due is not None:
                begun = replace(
                    begun,
                    due_at=due.moment,
                    derivation=due.derivation,
                    calendar=due.calendar,
                    rungs=limits.rungs_of(walk.protocol, running),
                )
            walk.items[place] = begun
            return True
    return False
