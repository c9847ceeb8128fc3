"""What was accepted and then left: nobody has been in contact with the person yet."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from referral.errors import Refusal
from referral.figures import EVERYTHING, Measure, Period, month_of, months_on
from referral.figures.floor import tens
from referral.figures.measures import MOST_MONTHS
from referral.queries.figure_rows import Whose, loaded, names_of, refused_figures, whose, zone_of
from referral.session import Actor, ReadSession

DAYS: Final = 3  # after acceptance
_OLDEST: Final = text("""
SELECT min(h.requested_at) FROM referral.hand_off h
WHERE h.state IN ('requested', 'received', 'accepted', 'in-progress', 'on-hold') AND h.kind <> 'notice'
    AND (h.track = :track OR :every)
""")


@dataclass(frozen=True, slots=True)
class Uncontacted:
    """One agency: how many it accepted over ``DAYS`` ago without contact since; floor: in tens.

    ``agency_id`` None: all agencies together.
    """

    agency: str | None
    agency_id: UUID | None
    count: int | None


async def uncontacted_in(
    session: ReadSession, actor: Actor, *, now: datetime
) -> tuple[Uncontacted, ...] | Refusal:
    """Now, whenever it was asked for: by agency, the most first; at the end all together."""
    refused = await refused_figures(session, actor, None, now)
    if refused is not None:
        return refused
    period = await open_since(session, actor, now)
    found = await loaded(session, actor, period, only=EVERYTHING, apart=("agency_id",), now=now)
    before = int((now - timedelta(days=DAYS)).timestamp())
    cells = found.cells.waiting(Measure.CONTACT, before).tolist()
    counts = Counter(found.cells.groups[cell].agency_id for cell in cells)
    names = await names_of(session, actor, found.cells.groups)
    floor = tens if whose(actor) is Whose.COUNTRY else int
    groups = (Uncontacted(names.get(agency), agency, floor(n)) for agency, n in counts.items())
    ordered = sorted(groups, key=lambda one: (-(one.count or 0), one.agency or ""))
    return (*ordered, Uncontacted(None, None, floor(counts.total())))


async def open_since(
    session: ReadSession, actor: Actor, now: datetime, track: str | None = None
) -> Period:
    """The months in which anything was asked for that is open now.

    Who oversees the country opens no hand-off, and has months as they are kept: all of them.
    """
    current = month_of(now, zone_of(session, actor))
    if whose(actor) is Whose.COUNTRY:
        return Period.until(current, MOST_MONTHS)
    values = {"track": track, "every": track is None}
    oldest = (await session.connection.execute(_OLDEST, values)).scalar_one()
    first = current if oldest is None else month_of(oldest, zone_of(session, actor))
    return Period(first, months_on(current, 1))
