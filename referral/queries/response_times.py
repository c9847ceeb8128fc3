"""How long answers take, by agency: over what a supervisor's own unit sent or received in two years.

The same figures as everywhere (``oversight_figures``): whoever still waits counts as waiting, and
attested acts and errors stand apart. Beside them, who is late now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from referral.errors import Refusal
from referral.figures import Cut, Figure, Measure, Period, Times, month_of
from referral.queries.figure_rows import zone_of
from referral.queries.oversight import Left, left_in
from referral.queries.oversight_figures import figures_by
from referral.session import Actor, ReadSession

MONTHS: Final = 24  # the one that runs included


@dataclass(frozen=True, slots=True)
class ResponseTimes:
    """One receiving agency: counts, and Kaplan-Meier estimates (None: not reached yet).

    ``accepted``: in its own name. ``overdue``: open past a limit of law or procedure, whenever it
    was asked for. ``small``: few accepted.
    """

    agency: str
    asked: int
    accepted: int
    declined: int
    waiting: int
    overdue: int
    attested: int
    data_errors: int
    to_received: timedelta | None
    median: timedelta | None  # received to accepted
    p90: timedelta | None
    to_contact: timedelta | None  # accepted to first contact with the person
    small: bool = True


async def response_times_in(
    session: ReadSession, actor: Actor, *, left: Left | None = None, now: datetime
) -> tuple[ResponseTimes, ...] | Refusal:
    """Times by agency, over what was asked for in the last ``MONTHS``; ``left``: if known already."""
    open_now = left or await left_in(session, actor, now=now)
    if isinstance(open_now, Refusal):
        return open_now
    period = Period.until(month_of(now, zone_of(session, actor)), MONTHS)
    found = await figures_by(session, actor, Cut.AGENCY, period, now=now)
    if isinstance(found, Refusal):
        return found
    told = (_times(one, open_now.by_law) for one in found.groups)
    return tuple(sorted(told, key=lambda one: one.agency))


def _times(one: Figure, late: Mapping[UUID | None, int]) -> ResponseTimes:
    counts = one.counts
    received, accepted, contact = (
        one.times.get(each, Times())
        for each in (Measure.RECEIVED, Measure.ACCEPTED, Measure.CONTACT)
    )
    return ResponseTimes(
        agency=one.name or "",
        asked=counts.asked or 0,
        accepted=accepted.finished or 0,
        declined=counts.declined or 0,
        waiting=counts.waiting or 0,
        overdue=late.get(one.group.agency_id, 0),
        attested=counts.attested or 0,
        data_errors=counts.errors or 0,
        to_received=_span(received.median),
        median=_span(accepted.median),
        p90=_span(accepted.ninth),
        to_contact=_span(contact.median),
        small=accepted.small,
    )


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
