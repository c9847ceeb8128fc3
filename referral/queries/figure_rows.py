"""Where figures are read from: cells of the caller's own hand-offs, or of the country's months.

Who works on cases counts what she could open: the same rows, through the same policies, as they
stand now. Who oversees the country has closed months as the clockwork keeps them, and the others from
the hand-offs, counted past the policies and never listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, text

from referral import errors
from referral.errors import Fault, Refusal
from referral.figures import Group, Period, month_of, months_on
from referral.figures.cells import Cells
from referral.figures.limits import Limits
from referral.queries.inbox import refused_by_role
from referral.session import Actor, ReadSession, Role


class Whose(StrEnum):
    """Over which hand-offs somebody's figures are (security.md 3.3, "Statistics"; D11)."""

    OWN = "own"
    UNIT = "unit"
    COUNTRY = "country"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What figures are made of. ``as_of``: what happened later is not in it."""

    cells: Cells
    limits: Limits
    as_of: datetime

    def only(self, wanted: Callable[[Group, date], bool]) -> Loaded:
        """Of groups and months that are wanted."""
        return Loaded(self.cells.only(wanted), self.limits.only(wanted), self.as_of)


EVERY: Final = ("agency_id", "jurisdiction", "track", "step", "version", "clock")
_KEPT_MONTHS: Final = text(
    "SELECT month, rolled_at FROM referral.figure_month WHERE month >= :begins AND month < :ends"
)


def whose(actor: Actor) -> Whose:
    """What her role counts."""
    return {Role.OFFICER: Whose.OWN, Role.SUPERVISOR: Whose.UNIT}.get(actor.role, Whose.COUNTRY)


async def refused_figures(
    session: ReadSession, actor: Actor, period: Period | None, now: datetime
) -> Refusal | None:
    """Not hers to ask, or no period; None: go on."""
    refused = await refused_by_role(session, actor, "see_statistics", now)
    if refused is not None or period is None or period.wrong is None:
        return refused
    message = f"{period.begins} to {period.ends} cannot be counted: {period.wrong}."
    return errors.invalid_input([Fault("/period", "invalid", message)])


def zone_of(session: ReadSession, actor: Actor) -> ZoneInfo:
    """The zone months are counted in: the country's."""
    return ZoneInfo(session.catalogue.country(actor.country).time_zone)


def last_closed(session: ReadSession, actor: Actor, now: datetime) -> date:
    """The month before the one that runs."""
    return months_on(month_of(now, zone_of(session, actor)), -1)


def not_closed(
    session: ReadSession, actor: Actor, period: Period, now: datetime
) -> tuple[date, ...]:
    """Months of a period that are not over."""
    current = month_of(now, zone_of(session, actor))
    return tuple(month for month in period.months if month >= current)


async def kept_months(session: ReadSession, period: Period) -> dict[date, datetime]:
    """Months kept for who oversees the country, and since when; for everybody else none."""
    values = {"begins": period.begins, "ends": period.ends}
    rows = await session.connection.execute(_KEPT_MONTHS, values)
    return {row.month: row.rolled_at for row in rows}


async def loaded(
    session: ReadSession,
    actor: Actor,
    period: Period,
    *,
    only: Group,
    apart: Iterable[str] = EVERY,
    now: datetime,
) -> Loaded:
    """Everything there is of a period, narrowed to ``only``; ``apart``: what must be told apart."""
    asked = {one.name for one in fields(only) if getattr(only, one.name) is not None} | {*apart}
    kept = await kept_months(session, period) if whose(actor) is Whose.COUNTRY else {}
    cells = await _all(session, actor, "cell", period, sorted(kept), only, asked)
    limits = await _all(session, actor, "limit", period, sorted(kept), only, asked)
    return Loaded(Cells.read(cells), Limits.read(limits), min([now, *kept.values()]))


async def _all(
    session: ReadSession,
    actor: Actor,
    what: str,
    period: Period,
    kept: Sequence[date],
    only: Group,
    apart: Iterable[str],
) -> list[RowMapping]:
    found: list[RowMapping] = []
    if kept:
        table = f"SELECT * FROM referral.figure_{what} f WHERE f.month = ANY (:months)"
        found += await _rows(session, table, only, {"months": list(kept)})
    zone = zone_of(session, actor)
    counted = (
        f"SELECT * FROM referral.figure_{what}s(:begins, :ends, :zone, :whose, :apart) f WHERE true"
    )
    for begins, ends in _gaps(period, set(kept)):
        moments = Period(begins, ends).moments(zone)
        values: dict[str, Any] = {"begins": moments[0], "ends": moments[1], "zone": zone.key}
        values |= {"whose": whose(actor).value, "apart": sorted(apart)}
        found += await _rows(session, counted, only, values)
    return found


async def _rows(
    session: ReadSession, statement: str, only: Group, values: Mapping[str, Any]
) -> Sequence[RowMapping]:
    wanted, more = narrowed(only, "f")
    rows = await session.connection.execute(text(f"{statement}{wanted}"), {**values, **more})
    return rows.mappings().all()


def narrowed(only: Group, alias: str, **columns: str) -> tuple[str, dict[str, Any]]:
    """The words for what a group asks of a row, and their values; ``columns``: other names of it."""
    told = {one.name: getattr(only, one.name) for one in fields(only)}
    asked = {name: value for name, value in told.items() if value is not None}
    words = (f" AND {alias}.{columns.get(name, name)} = :only_{name}" for name in asked)
    return "".join(words), {f"only_{name}": value for name, value in asked.items()}


def _gaps(period: Period, kept: set[date]) -> Iterator[tuple[date, date]]:
    """Stretches of a period that are not kept, as long as they come."""
    begins: date | None = None
    for month in period.months:
        if month in kept:
            if begins is not None:
                yield begins, month
            begins = None
        elif begins is None:
            begins = month
    if begins is not None:
        yield begins, period.ends


# A confidential agency appears as its mandate, never by name (security.md 3.2).
_NAMES: Final = """
SELECT a.id, CASE WHEN a.confidential AND a.id <> $2
    THEN coalesce((SELECT min(m.mandate) FROM agencies.mandate m WHERE m.agency_id = a.id), a.type) ELSE a.name END AS name
FROM agencies.agency a WHERE a.id = ANY ($1)
"""


async def names_of(
    session: ReadSession, actor: Actor, groups: Iterable[Group]
) -> dict[UUID | None, str]:
    """The agencies' names, whether they still stand or not."""
    asked = sorted({one.agency_id for one in groups if one.agency_id is not None})
    if not asked:
        return {}
    rows = await session.connection.exec_driver_sql(_NAMES, (asked, actor.agency_id))
    return {row.id: row.name for row in rows}
