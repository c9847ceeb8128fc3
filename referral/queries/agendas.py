"""The agenda of a body for one month: what is late or left lying in its matters, by reference alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from referral import errors
from referral.database import as_json
from referral.errors import Fault, Refusal
from referral.queries.inbox import refused_by_role
from referral.queries.meetings import mandates_of
from referral.session import Actor, ReadSession

MOST: Final = 1000  # items; the earliest come first


@dataclass(frozen=True, slots=True)
class AgendaItem:
    """One matter: opaque.

    ``why``: ``overdue``, ``left_lying`` (a review that passed), ``limit`` (of the referral itself;
    nobody is asked, so there is no mandate). ``met``: on how many agendas of the unit it has stood
    before. ``new``: it became late in the month itself.
    """

    reference: str
    track: str
    protocol_version: str
    protocol_digest: str
    place: str
    step: str
    mandate: str | None
    state: str
    jurisdiction: str
    why: str
    since: datetime
    met: int
    new: bool


@dataclass(frozen=True, slots=True)
class Agenda:
    """What a body has to deal with. ``month``: its first day; ``more``: there is more than this."""

    body: str
    month: date
    made_at: datetime
    items: tuple[AgendaItem, ...]
    more: bool


async def agenda_in(
    session: ReadSession, actor: Actor, body: str, month: str, *, now: datetime
) -> Agenda | Refusal:
    """The agenda of the body the actor's unit meets as, for a month written like ``2026-03``.

    What is open now and was late before the month ended, the longest first.
    """
    refused = await refused_by_role(session, actor, "see_meetings", now)
    if refused is not None:
        return refused
    first = _first_of(month)
    held = await mandates_of(session, actor, now=now)
    faults = list(_faults(body, held, first, session.day_in(actor.country, now)))
    if faults or first is None:
        return errors.invalid_input(faults)
    zone = ZoneInfo(session.catalogue.country(actor.country).time_zone)
    begins = datetime.combine(first, time(), tzinfo=zone)
    ends = datetime.combine(_following(first), time(), tzinfo=zone)
    asked = "SELECT referral.agenda_until($1, $2, $3)"
    rows = await as_json(session.connection, asked, body, ends, now)
    found = [row | {"since": datetime.fromisoformat(row["since"])} for row in rows]
    items = tuple(AgendaItem(**row, new=row["since"] >= begins) for row in found)
    return Agenda(body, first, now, items, more=len(items) >= MOST)


def _faults(body: str, held: tuple[str, ...], first: date | None, today: date) -> Iterator[Fault]:
    if body not in held:
        message = f"Your unit meets as {', '.join(held) or 'no body'}; choose one of these."
        yield Fault("/body", "unknown", message)
    if first is None:
        yield Fault("/month", "unreadable", "Write the month like 2026-03.")
    elif first > today:
        yield Fault("/month", "future", "This month has not begun: nothing is late in it.")


def _first_of(month: str) -> date | None:
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        return None


def _following(first: date) -> date:
    """The first day of the month after."""
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)
