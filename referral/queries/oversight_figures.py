"""What stands of hand-offs, by month, agency, place, topic, step and version of the protocol.

Whose: people who work on cases see exact figures over what their own unit sent or received, read
through row security like a single hand-off. Who oversees the country (COORDINATOR, STATISTICIAN,
DATA_PROTECTION_OFFICER) sees everybody's under the floor of D4 and no hand-off. Everybody else is
refused. Closed months come from the roll-up, the current one from its index.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from referral.errors import Refusal
from referral.figures import EVERYTHING, Curve, Cut, Figure, Figures, Funnel, Group, Measure, Period
from referral.queries.lines import HandOffLine
from referral.session import Actor, ReadSession


@dataclass(frozen=True, slots=True)
class Overview:
    """The first page: one month, the month before, and how it went over time.

    ``series``: the whole, month by month, the last is ``month``. ``by_track`` and ``by_agency``:
    the groups of ``month``.
    """

    month: date
    figure: Figure
    before: Figure
    series: tuple[tuple[date, Figure], ...]
    by_track: Figures
    by_agency: Figures


@dataclass(frozen=True, slots=True)
class Behind:
    """The hand-offs behind a figure that the caller may see, the newest first; ``after``: cursor."""

    lines: tuple[HandOffLine, ...]
    after: str | None


async def overview_in(
    session: ReadSession,
    actor: Actor,
    *,
    month: date | None = None,
    months: int = 24,
    now: datetime,
) -> Overview | Refusal:
    """One month (the last closed one, if none is named) beside the months before it."""
    raise NotImplementedError


async def figures_by(
    session: ReadSession,
    actor: Actor,
    cut: Cut,
    period: Period,
    *,
    only: Group = EVERYTHING,
    now: datetime,
) -> Figures | Refusal:
    """Groups of one cut over a period; ``only`` narrows to groups that have its values.

    An empty period is an answer with zeros. A period that is none is refused as malformed.
    """
    raise NotImplementedError


async def series_of(
    session: ReadSession,
    actor: Actor,
    *,
    only: Group = EVERYTHING,
    month: date | None = None,
    months: int = 24,
    now: datetime,
) -> tuple[tuple[date, Figure], ...] | Refusal:
    """One group (an agency, a step, the whole) month by month; ``month`` is the last one."""
    raise NotImplementedError


async def curve_of(
    session: ReadSession,
    actor: Actor,
    measure: Measure,
    period: Period,
    *,
    only: Group = EVERYTHING,
    now: datetime,
) -> Curve | Refusal:
    """How long until it happens: the Kaplan-Meier curve of one measure."""
    raise NotImplementedError


async def comparison_of(
    session: ReadSession,
    actor: Actor,
    period: Period,
    *,
    only: Group = EVERYTHING,
    now: datetime,
) -> Funnel | Refusal:
    """Agencies by the share of legal limits they met, with what chance alone would do."""
    raise NotImplementedError


async def behind_figure(
    session: ReadSession,
    actor: Actor,
    period: Period,
    *,
    only: Group = EVERYTHING,
    what: str = "asked",
    after: str | None = None,
    limit: int = 50,
    now: datetime,
) -> Behind | Refusal:
    """The hand-offs one number counts. ``what``: a field of ``Counts``, or ``missed``.

    For who works on cases: as many lines as the number says. For who oversees the country: none.
    """
    raise NotImplementedError
