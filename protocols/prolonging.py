"""Limits that stand still, go on, and are extended while they run.

1. What has passed is not prolonged: after the end of a limit nothing pauses or extends it. What is
   told late counts from when it happened, even if the ladder is spent by then.
2. A limit that goes on ends later by the time it stood still; what remained of its ladder moves on
   with it.
3. An extended limit is counted anew from its beginning, and its whole ladder with it: a reminder at
   half of the longer limit comes even if one came at half of the shorter.
"""

from __future__ import annotations

from datetime import datetime

from protocols import limits
from protocols.altered import altered
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
from protocols.moves import outlives
from protocols.recounting import ending
from protocols.walk import Walk
from protocols.working_time import Due


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
    still = altered(running, state=ClockState.PAUSED, stood=stood)
    _keep(walk, still, PauseClock(running.id, walk.at, stood, reason))


def _resume(walk: Walk, clock: Clock, running: RunningClock, trigger: str) -> None:
    if trigger not in clock.pauses.end or running.state is not ClockState.PAUSED:
        return
    *before, last = running.stood
    until = max(walk.at, last.since)
    stood = (*before, Standstill(last.since, until))
    due, on = _counted(walk, clock, altered(running, state=ClockState.RUNNING, stood=stood), until)
    item = ResumeClock(
        clock=on.id,
        at=until,
        due=due,
        ladder=limits.ladder_of(walk.protocol, clock.id, running.hand_off),
        stood=stood,
        rung=on.rung,
        reason=limits.reason(clock, f"{clock.id} goes on after {trigger}", clock.pauses.sources),
    )
    _keep(walk, on, item)


def _extend(walk: Walk, clock: Clock, running: RunningClock, trigger: str) -> None:
    if trigger not in clock.extends.by or not _extendable(walk, clock, running):
        return
    state = ClockState.PAUSED if running.state is ClockState.PAUSED else ClockState.RUNNING
    count, most = running.extensions + 1, clock.extends.at_most
    due, longer = _counted(walk, clock, altered(running, state=state, extensions=count), walk.at)
    rule = f"{clock.id} extended after {trigger}, {count} of {most}"
    item = ExtendClock(
        clock=longer.id,
        at=walk.at,
        due=due,
        ladder=limits.ladder_of(walk.protocol, clock.id, running.hand_off),
        count=count,
        state=state,
        rung=longer.rung,
        reason=limits.reason(clock, rule, clock.extends.sources),
    )
    _keep(walk, longer, item)


def _extendable(walk: Walk, clock: Clock, running: RunningClock) -> bool:
    """Not more often than the law allows, once by one act, and not what has passed or was met."""
    if running.extensions >= clock.extends.at_most or _extended_now(walk, running):
        return False
    if running.state is ClockState.PAUSED:
        return True
    if walk.at > running.due_at:
        return False
    return running.state is ClockState.RUNNING or _only_told_late(walk, clock, running)


def _extended_now(walk: Walk, running: RunningClock) -> bool:
    """An act and its outcome are two triggers of one act."""
    return any(isinstance(item, ExtendClock) and item.clock == running.id for item in walk.items)


def _only_told_late(walk: Walk, clock: Clock, running: RunningClock) -> bool:
    """Its ladder is spent, and nothing has met it: the extension came in time, the news did not."""
    spent = running.rung == len(limits.rungs_of(walk.protocol, running))
    met = any(happened(word, walk.events, walk.hand_offs.values()) for word in clock.stop)
    over = met or clock.when.holds(walk.world) is False or not outlives(walk, running)
    return running.state is ClockState.LAPSED and spent and not over


def _counted(
    walk: Walk, clock: Clock, running: RunningClock, at: datetime
) -> tuple[Due, RunningClock]:
    """When a limit ends with all that befell it, and the clock at the first rung still to come."""
    calendar = walk.calendar(limits.whose_days(walk, clock, running.hand_off))
    due = ending(clock, running, calendar)
    running = altered(running, due_at=due.moment)
    rungs = limits.rungs_of(walk.protocol, running)
    to_come = (place for place, rung in enumerate(rungs) if rung.at > at)
    return due, altered(running, rung=next(to_come, max(len(rungs) - 1, 0)))


def _keep(walk: Walk, running: RunningClock, item: PauseClock | ResumeClock | ExtendClock) -> None:
    """Write down what befell a clock; one that begins in this very decision begins like that."""
    walk.clocks[running.id] = running
    walk.prolonged = True
    for place, begun in enumerate(walk.items):
        if isinstance(begun, StartClock) and limits.is_start_of(begun, running):
            since = altered(begun, stood=running.stood, extensions=running.extensions)
            walk.items[place] = since if isinstance(item, PauseClock) else _ending(since, item)
            return
    walk.items.append(item)


def _ending(begun: StartClock, item: ResumeClock | ExtendClock) -> StartClock:
    """The same beginning with the end it has now."""
    return altered(begun, due=item.due)
