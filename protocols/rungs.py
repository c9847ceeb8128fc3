"""Rungs of a ladder: what happens at which share of a limit, and at which moment that is.

A protocol knows shares and names; moments are worked out from a limit's beginning and end when they
are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class RungKind(StrEnum):
    """What happens at one rung of an escalation ladder."""

    REMINDER = "reminder"
    ALERT = "alert"
    FALL_BACK = "fall_back"
    AGENDA = "agenda"


@dataclass(frozen=True, slots=True)
class Call:
    """One rung of one clock, resolved as far as a protocol can: when, what, whom."""

    share: float
    kind: RungKind
    to: str
    late: timedelta = timedelta(0)  # after that share of the limit
    number: int = 0  # of its rung in the ladder


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of a ladder: when it fires and whom it calls.

    ``to`` is a mandate, ``receiver``, ``holder``, ``sender``, ``supervisor_of_receiver``,
    ``supervisor_of_holder`` or ``supervisor_of_sender``; of a ``fall_back`` rung ``next``: the
    step's next recipient, decided when it fires.
    """

    at: datetime
    kind: RungKind
    to: str


def share_of(start: datetime, due: datetime, share: float) -> datetime:
    """The moment when this share of the limit has elapsed; 1.5 is half a limit after the end."""
    return start + (due - start) * share


def moments(
    calls: Sequence[Call],
    start: datetime,
    due: datetime,
    stood: Iterable[tuple[datetime, datetime]] = (),
) -> tuple[Rung, ...]:
    """The ladder as moments and names, in the order in which they fire.

    A limit that stood still has its shares of the time in which it ran.
    """
    since = sum((until - begun for begun, until in stood), timedelta()) + start
    if not (calls and calls[-1].late):  # shares alone are in order already
        return tuple(Rung(share_of(since, due, one.share), one.kind, one.to) for one in calls)
    rungs = (Rung(share_of(since, due, one.share) + one.late, one.kind, one.to) for one in calls)
    return tuple(sorted(rungs, key=lambda rung: rung.at))
