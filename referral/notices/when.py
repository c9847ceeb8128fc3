"""When somebody is told, and when it is tried again: quiet hours, digests, patience.

Pure: the time is handed in. Danger waits for nothing.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from referral.notices.whom import Seat

FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=6)
GIVES_UP: Final = timedelta(days=3)
JITTER: Final = 0.2  # of a pause, either way: a thousand letters must not come back at once

# How long nobody is reached before somebody else is told so; trying goes on.
PATIENCE: Final = timedelta(hours=36)
PATIENCE_IN_DANGER: Final = timedelta(minutes=15)


def due_for(seat: Seat, now: datetime, *, danger: bool) -> datetime:
    """When she is told by mail."""
    if danger:
        return now
    if seat.mode == "digest":
        here = now.astimezone(ZoneInfo(seat.time_zone))
        return _next(here, seat.digest_hour).astimezone(now.tzinfo)
    return in_peace_until(seat.quiet, seat.time_zone, now) or now


def in_peace_until(quiet: tuple[int, int] | None, time_zone: str, now: datetime) -> datetime | None:
    """The end of the quiet hours that hold now; None: none do.

    Asked before every attempt: what was tried in the evening must not arrive at night.
    """
    here = now.astimezone(ZoneInfo(time_zone))
    if quiet is None or not _within(here.hour, quiet):
        return None
    return _next(here, quiet[1]).astimezone(now.tzinfo)


def _within(hour: int, quiet: tuple[int, int]) -> bool:
    """Whether quiet hours hold; from 22 until 6 runs over midnight, from 7 until 7 is none."""
    since, until = quiet
    if since <= until:
        return since <= hour < until
    return hour >= since or hour < until


def _next(here: datetime, hour: int) -> datetime:
    """The next time this hour strikes there, by the wall clock."""
    today = datetime.combine(here.date(), time(hour), here.tzinfo)
    if today > here:
        return today
    return datetime.combine(here.date() + timedelta(days=1), time(hour), here.tzinfo)


def pause_after(attempt: int, chance: float) -> timedelta:
    """How long to wait after this attempt (1, 2, …); ``chance`` in [0, 1) spreads it."""
    plain: timedelta = min(FIRST_PAUSE * 2 ** min(attempt - 1, 20), LONGEST_PAUSE)
    return plain * (1 + JITTER * (2 * chance - 1))


def gives_up(since: datetime, now: datetime) -> bool:
    """Whether it has been tried for long enough."""
    return now - since >= GIVES_UP


def alarms(since: datetime, now: datetime, *, danger: bool) -> bool:
    """Whether somebody else should know by now that nobody is reached."""
    return now - since >= (PATIENCE_IN_DANGER if danger else PATIENCE)
