"""Whether a clock can be believed when something is signed under it (security.md 4.4.8). Pure."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

JUMP: Final = timedelta(seconds=5)


def elapsed() -> float:
    """Seconds since some moment, sleep of the machine included, whatever the wall clock is set to."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


class ClockError(Exception):
    """The clock jumped, or contradicts what was signed or written; the text says how."""


class Watch:
    """Holds the wall clock against one that nobody can set, from one look to the next."""

    def __init__(self, elapsed: Callable[[], float] = elapsed) -> None:
        """Nothing is known of the clock before the first look."""
        self.elapsed = elapsed
        self._before: tuple[datetime, float] | None = None

    def look(
        self, now: datetime, here: float, signed: datetime | None, written: datetime | None
    ) -> None:
        """The clock has moved on as it must, and stands neither before what was signed nor written.

        ``here``: what ``elapsed`` said when the clock said ``now``, however long ago that is.

        After a jump the old measure stays: a clock that is put right again is believed again, and
        one that is right *since* the jump is believed after a restart. Raises ClockError.
        """
        if self._before is not None:
            then, since = self._before
            jump = (now - then) - timedelta(seconds=here - since)
            if abs(jump) > JUMP:
                way = "forward" if jump > timedelta(0) else "back"
                raise ClockError(
                    f"The clock of this machine jumped {way} by {abs(jump).total_seconds():.0f} s "
                    "and nothing is signed under it. Put it right (NTP). If it is right now, "
                    "restart the signer: it then takes the clock as it finds it."
                )
        for moment, what in ((signed, "last signed"), (written, "newest entry written")):
            if moment is not None and moment - now > JUMP:
                raise ClockError(
                    f"The clock of this machine says {now:%Y-%m-%d %H:%M:%S} UTC, but the log was "
                    f"{what} at {moment:%Y-%m-%d %H:%M:%S}: one of the clocks is wrong, and nothing "
                    "is signed until they agree (NTP)."
                )
        self._before = now, here
