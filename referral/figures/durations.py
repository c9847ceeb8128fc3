"""The times of one hand-off: what is measured of them, what is still open, and what is an error.

This is the rule in words. The database counts by the same rule where there are millions
(``referral.figure_cells``); a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from referral.figures.measures import Measure

_SECOND: Final = timedelta(seconds=1)


class Kind(StrEnum):
    """What a measure is of one hand-off."""

    NONE = "none"  # it has not begun, or it is not asked for
    FINISHED = "finished"
    OPEN = "open"  # begun, and it may still happen
    ENDED = "ended"  # begun, and ended otherwise: declined, cancelled, failed
    ERROR = "error"  # a time before the one it follows, or without it


@dataclass(frozen=True, slots=True)
class Told:
    """The moments of one hand-off as they stand. ``ended_at``: whatever it ended as."""

    requested_at: datetime
    received_at: datetime | None = None
    accepted_at: datetime | None = None
    first_contact_at: datetime | None = None
    ended_at: datetime | None = None
    completed: bool = False
    over: bool = False  # in a state that is never left again


@dataclass(frozen=True, slots=True)
class Span:
    """One measure of one hand-off.

    ``seconds``: whole ones, of FINISHED and ENDED; ``since``: of OPEN.
    """

    kind: Kind
    seconds: int | None = None
    since: datetime | None = None


NOTHING: Final = Span(Kind.NONE)
ERROR: Final = Span(Kind.ERROR)


def spans_of(told: Told) -> dict[Measure, Span]:
    """Every measure of one hand-off."""
    completed = told.ended_at if told.completed else None
    chain = (
        (Measure.RECEIVED, told.requested_at, told.received_at, told.accepted_at),
        (Measure.ACCEPTED, told.received_at, told.accepted_at, told.first_contact_at),
        (Measure.CONTACT, told.accepted_at, told.first_contact_at, None),
        (Measure.COMPLETED, told.first_contact_at, completed, None),
    )
    return {name: _span(told, name, *moments) for name, *moments in chain}


def _span(
    told: Told,
    name: Measure,
    begun: datetime | None,
    done: datetime | None,
    later: datetime | None,
) -> Span:
    """``later``: the act that cannot be without this one."""
    if begun is None:
        # Completed without a contact on record is counted as that, and is no error of time.
        wrong = name is not Measure.COMPLETED and done is not None
        return ERROR if wrong else NOTHING
    if done is not None:
        return ERROR if done < begun else Span(Kind.FINISHED, (done - begun) // _SECOND)
    if later is not None:
        return ERROR
    if not told.over:
        return Span(Kind.OPEN, since=begun)
    if told.ended_at is None or told.ended_at < begun:
        return ERROR
    return Span(Kind.ENDED, (told.ended_at - begun) // _SECOND)
