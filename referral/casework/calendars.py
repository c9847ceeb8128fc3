"""A calendar is changed while limits run: a declared holiday, a date that was moved or taken back.

1. A coordinator says what the decree says, with its source; running limits whose end would move are
   listed first.
2. On confirmation the days are entered, in the system's stream of the log; from then on every limit
   that begins is counted by them.
3. The clockwork counts the running ones again (``casework.recounting``) and tells whom it
   concerns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import uuid4

from protocols.catalogue import Catalogue
from protocols.decision import RunningClock
from protocols.entered_days import EnteredDay
from protocols.recounting import recounted
from referral import access, errors
from referral.audit import Done
from referral.audit.ledger import Ledger, post
from referral.audit.streams import log_own, system_stream
from referral.casework.run import clock_of
from referral.casework.together import Kept
from referral.database import as_json, scalar
from referral.errors import Fault, Refusal
from referral.session import Actor, ReadSession, WriteSession

KINDS: Final = ("declared", "moved", "taken_back")
MOST_LISTED: Final = 1000  # limits listed before confirming; more are counted again all the same
LONGEST: Final = 500  # characters of a name or a source
_ACTION: Final = "change_calendar"


@dataclass(frozen=True, slots=True)
class CalendarChange:
    """What a decree says.

    ``kind``: ``declared`` (the day is closed), ``moved`` (closed instead of ``moved_from``, which
    opens), ``taken_back`` (the day opens). ``place``: empty is everywhere.
    """

    kind: str
    calendars: tuple[str, ...]
    day: date
    name: str
    source: str
    moved_from: date | None = None
    place: str = ""

    def days(self) -> Iterator[EnteredDay]:
        """As the calendars take them."""
        for calendar in self.calendars:
            if self.moved_from is not None:
                yield EnteredDay(calendar, self.place, self.moved_from, closed=False, name="")
            closed = self.kind != "taken_back"
            yield EnteredDay(calendar, self.place, self.day, closed, self.name if closed else "")


@dataclass(frozen=True, slots=True)
class LimitMoved:
    """A running limit whose end a change moves: opaque, and why it ends when it will."""

    reference: str
    track: str
    protocol_version: str
    protocol_digest: str
    place: str
    step: str
    clock: str
    before: datetime
    after: datetime
    derivation: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do. ``more``: there are more running limits than are looked at here.

    ``unread``: limits whose law is no longer here as it was; they stay as they are.
    """

    change: CalendarChange
    limits: tuple[LimitMoved, ...]
    more: bool
    unread: int


@dataclass(frozen=True, slots=True)
class CalendarChanged(Kept):
    """A change was entered."""

    change_id: str
    days: int


async def preview_calendar(
    session: ReadSession, actor: Actor, change: CalendarChange, *, now: datetime
) -> Preview | Refusal:
    """Which running limits would end at another moment; nothing is changed."""
    change = _everywhere(change, actor.country)
    refused = await _refused(session, actor, change, now)
    if refused is not None:
        return refused
    country, entered = actor.country, session.catalogue.calendars(actor.country).entered
    law = session.catalogue.with_days(country, (*entered, *change.days()))
    names = sorted(law.counted_in_days(country))
    since = min(one.day for one in change.days())
    rows = await as_json(
        session.connection,
        "SELECT referral.limits_running($1, $2, $3)",
        names,
        since,
        MOST_LISTED + 1,
    )
    found = [_moved(law, country, row) for row in rows[:MOST_LISTED]]
    return Preview(
        change,
        tuple(one for one in found if isinstance(one, LimitMoved)),
        more=len(rows) > MOST_LISTED,
        unread=sum(one is False for one in found),
    )


def _moved(law: Catalogue, country: str, row: Any) -> LimitMoved | bool | None:
    """The limit as it would be; None when its end stays, False when its law is gone."""
    pinned = (row["track"], row["protocol_version"], row["protocol_digest"])
    try:
        protocol = law.pinned(country, *pinned).at(row["place"])
    except LookupError:
        return False
    running: RunningClock = clock_of(row)
    found = recounted(protocol, running, row["place"], row["mandate"])
    if found is None:
        return None
    return LimitMoved(
        row["reference"],
        *pinned,
        row["place"],
        row["step"],
        row["clock"],
        running.due_at,
        found.due.moment,
        found.due.derivation,
    )


async def change_calendar(
    session: WriteSession, actor: Actor, change: CalendarChange, *, now: datetime
) -> CalendarChanged | Refusal:
    """Enter a change; the clockwork counts the running limits again."""
    change = _everywhere(change, actor.country)
    refused = await _refused(session, actor, change, now)
    if refused is not None:
        return refused
    change_id, days = uuid4(), list(change.days())
    ledger = Ledger(None, now, why=f"role:{actor.role.value}")
    ledger.add(
        "calendar_changes",
        id=str(change_id),
        kind=change.kind,
        name=change.name.strip(),
        source=change.source.strip(),
    )
    for one in days:
        ledger.add(
            "calendar_days",
            calendar=one.calendar,
            place=one.place,
            day=one.day.isoformat(),
            closed=one.closed,
        )
    ledger.seen = len(session.catalogue.calendars(actor.country).entered)
    ledger.log(Done.CALENDAR_CHANGED, "calendar", change_id, kind=change.kind, days=len(days))
    head, key = await system_stream(session, ledger)
    entered = await scalar(session.connection, "SELECT count(*) FROM referral.calendar_day")
    if entered != ledger.seen:  # the stream is held: whoever was first has committed
        return _meanwhile()
    answer = CalendarChanged(str(change_id), len(days))
    await post(
        session,
        ledger,
        actor=actor,
        head=head,
        key=key,
        answer=answer.stored(),
        status=201,
        through="change_calendar",
    )
    return answer


def _everywhere(change: CalendarChange, country: str) -> CalendarChange:
    return replace(change, place="") if change.place == country else change


# --- what is wrong with a change ---------------------------------------------------------------


async def _refused(
    session: ReadSession, actor: Actor, change: CalendarChange, now: datetime
) -> Refusal | None:
    refused = access.by_role(actor, _ACTION)
    if refused is not None:
        await log_own(session, actor, Done.REFUSED, now=now, tried=_ACTION, status=refused.status)
        return refused
    faults = [*_said(change), *_dated(session, actor.country, change, now)]
    if change.place and not await _there_is(session, actor.country, change.place):
        faults.append(Fault("/place", "unknown", f"There is no place {change.place} here."))
    return errors.invalid_input(faults) if faults else None


def _said(change: CalendarChange) -> Iterator[Fault]:
    if change.kind not in KINDS:
        yield Fault("/kind", "unknown", f"Choose one of: {', '.join(KINDS)}.")
    if not change.source.strip():
        message = "Name the decree and where it can be read: without it nobody can check the day."
        yield Fault("/source", "missing", message)
    if not change.name.strip():
        yield Fault("/name", "missing", "Say what the day is, as the decree calls it.")
    for name in ("name", "source"):
        if len(getattr(change, name)) > LONGEST:
            yield Fault(f"/{name}", "too-long", f"At most {LONGEST} characters.")
    if (change.kind == "moved") != (change.moved_from is not None):
        message = "A day that is moved is moved from another: give that one; else leave it empty."
        yield Fault("/moved_from", "missing", message)
    if not change.calendars:
        yield Fault("/calendars", "missing", "Choose whose calendar it is.")


def _dated(
    session: ReadSession, country: str, change: CalendarChange, now: datetime
) -> Iterator[Fault]:
    calendars, today = session.catalogue.calendars(country), session.day_in(country, now)
    unknown = [one for one in change.calendars if one not in calendars.descriptions]
    if unknown:
        known = ", ".join(sorted(calendars.descriptions))
        yield Fault("/calendars", "unknown", f"There is no {unknown[0]}; there are: {known}.")
        return
    asked: Sequence[tuple[str, date, bool]] = [("/day", change.day, change.kind != "taken_back")]
    if change.moved_from is not None:
        asked = [*asked, ("/moved_from", change.moved_from, False)]
    for pointer, day, closing in asked:
        wrong = _undatable(day, today, calendars.covered)
        if wrong is not None:
            yield Fault(pointer, *wrong)
            continue
        for name in change.calendars:
            wrong = _pointless(calendars.named(name, change.place or country), day, closing=closing)
            if wrong is not None:
                yield Fault(pointer, *wrong)
                break


def _undatable(day: date, today: date, covered: range) -> tuple[str, str] | None:
    if day < today:
        return "past", (
            f"{day} has passed. Limits that have ended stay as they were; enter days that come."
        )
    if day.year not in covered:
        return "year-not-covered", (
            f"The calendars cover {covered.start} to {covered.stop - 1}: of {day.year} not even "
            "the usual holidays are known. Extend 'covered' in calendars.yaml first."
        )
    return None


def _pointless(calendar: Any, day: date, *, closing: bool) -> tuple[str, str] | None:
    if calendar.always_open:
        return "always-open", f"“{calendar.name}” is of those who work on every day."
    reason = calendar.closed_by(day)
    if reason == "":
        return "weekend", f"{day} is a weekend for “{calendar.name}”: nothing changes."
    if closing and reason is not None:
        return "already-entered", f"{day} is closed already for “{calendar.name}”: {reason}."
    if not closing and reason is None:
        return "not-closed", f"{day} is a working day for “{calendar.name}” already."
    return None


async def _there_is(session: ReadSession, country: str, place: str) -> bool:
    return bool(
        await scalar(
            session.connection,
            "SELECT EXISTS (SELECT FROM agencies.jurisdiction j WHERE j.code = $1 "
            "AND j.code || '-' LIKE $2 || '-%')",
            place,
            country,
        )
    )


def _meanwhile() -> Refusal:
    return Refusal(
        409,
        "calendar-changed-meanwhile",
        "Somebody else entered a change meanwhile",
        "Nothing was entered. Look at the list of limits again, then confirm.",
    )
