"""A running limit counted again, because a calendar was changed while it ran.

It is counted from its beginning, with all that befell it; rungs that have fired stay fired, the
others move with the end. Which limits run, and who is told, is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocols.altered import altered
from protocols.calendars import Calendar
from protocols.decision import RunningClock
from protocols.law import HOLDER, Clock
from protocols.limits import ladder_of, stood_still
from protocols.protocol import Protocol
from protocols.rungs import Rung, moments
from protocols.working_time import Due, due_at


@dataclass(frozen=True, slots=True)
class Recounted:
    """When a running limit ends now, and its ladder by that end."""

    due: Due
    rungs: tuple[Rung, ...]


def ending(clock: Clock, running: RunningClock, calendar: Calendar) -> Due:
    """When a limit ends, counted from its beginning, with its extensions and standstills."""
    whole = clock.extends.to[running.extensions - 1] if running.extensions else clock.limit
    due = due_at(running.starts_at, whole, calendar, stood_still(running))
    if running.extensions:
        due = altered(due, extended=(running.extensions, clock.extends.at_most))
    return due


def recounted(
    protocol: Protocol, running: RunningClock, place: str, asked: str | None
) -> Recounted | None:
    """The limit by the calendars the protocol has now; None when its end is where it was.

    ``protocol``: as it stands at ``place``, where the person was found. ``asked``: the mandate of
    the hand-off it hangs on, if it hangs on one.
    """
    clock = protocol.clocks.get(running.clock, protocol.review)
    calendar = protocol.calendars.of(clock.calendar_of or asked or HOLDER, place)
    due = ending(clock, running, calendar)
    if due.moment == running.due_at:
        return None
    calls = ladder_of(protocol, clock.id, running.hand_off)
    rungs = moments(calls, running.starts_at, due.moment, stood_still(running))
    return Recounted(due, rungs)
