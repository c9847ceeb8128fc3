"""The calendars: days that were entered, the form for another, and what it would move, first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from protocols.buddhist_era import day_in
from protocols.country import said
from referral import casework, queries
from referral.casework import CalendarChange, CalendarChanged, LimitMoved, Preview
from referral.entry import Call, Reading
from referral.errors import Fault, Refusal, invalid_input
from referral.queries import ChangeSeen
from referral.web.fields import NONE, Faults, Fields, Sent, faults_in
from referral.web.forms import ActingForm, AskingForm, new_key
from referral.web.lines import Reader
from referral.web.pages import PageRoute, error_page, page, refused, see_other
from referral.web.places import places_of
from referral.web.together import Inputs, form_page
from referral.web.wording import LANGUAGE

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_KINDS: Final = {
    "declared": "A day is declared a holiday: it is closed",
    "moved": "A holiday is moved: it works on the old day and is closed on the new one",
    "taken_back": "A holiday is taken back: it works on that day",
}
_SOON: Final = timedelta(days=90)  # limits of two months begin to reach beyond
_KNOWN: Final = (
    "Holidays are known until {}. A limit that ends later is counted by the week alone, without "
    "holidays, and its derivation says so. The holidays of the next year come with the country's "
    "files: ask whoever looks after the service for them as soon as the decree is out."
)
_FIELDS: Final = {
    f"/{name}": name
    for name in ("kind", "calendars", "day", "moved_from", "name", "source", "place")
}


@dataclass(frozen=True, slots=True)
class CalendarsPage:
    """How far the country's files reach, what was entered, and the form."""

    known: str
    ends_soon: bool
    changes: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    inputs: Inputs
    done: str
    faults: Faults


@dataclass(frozen=True, slots=True)
class MovedLine:
    """A running limit that would move."""

    reference: str
    step: str
    before: str
    after: str
    derivation: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """What a change would do, and the same words again to confirm it."""

    rows: tuple[tuple[str, str], ...]
    lines: tuple[MovedLine, ...]
    notes: tuple[str, ...]
    hidden: tuple[tuple[str, str], ...]
    key: str


@router.get("/calendars")
async def calendars(request: Request, call: Reading) -> Response:
    """For coordinators."""
    return await _shown(request, call, Sent(), NONE)


async def _shown(request: Request, call: Call[Any], sent: Sent, faults: Faults) -> Response:
    found = await queries.calendar_changes(call.session, call.actor, now=call.now)
    if isinstance(found, Refusal):
        return error_page(request, found, call)
    make, names = Fields(sent, faults), _names(call)
    places = [one for one in (await places_of(call)).items() if one[0] != call.actor.country]
    until = date(call.session.catalogue.calendars(call.actor.country).covered.stop - 1, 12, 31)
    soon = until - call.session.day_in(call.actor.country, call.now) <= _SOON
    view = CalendarsPage(
        known=_KNOWN.format(f"{until:%d %B %Y}"),
        ends_soon=soon,
        changes=tuple(_change(one, names, Reader.of(call)) for one in found),
        inputs=(
            ("radios", make.radios("kind", "What was decided", [*_KINDS.items()])),
            ("checkboxes", make.boxes("calendars", "Whose calendar", list(names.items()))),
            ("input", make.day("day", "The day")),
            ("input", make.day("moved_from", "Moved from", hint="Only if a holiday is moved")),
            ("select", make.choice("place", "Where", places, empty="In the whole country")),
            ("input", make.text("name", "What the day is", hint="As the decree calls it")),
            ("input", make.text("source", "Source", hint="The decree and where it can be read")),
        ),
        done="The change is entered. Running limits are counted again within a minute."
        if request.query_params.get("done")
        else "",
        faults=faults,
    )
    return form_page(
        request, "directory/calendars.html", view, title="Calendars", call=call, faults=faults
    )


def _names(call: Call[Any]) -> dict[str, str]:
    found = call.session.catalogue.calendars(call.actor.country).descriptions
    return {name: said(one.get("names", {}), LANGUAGE) or name for name, one in found.items()}


def _change(
    one: ChangeSeen, names: dict[str, str], reader: Reader
) -> tuple[str, tuple[tuple[str, str], ...]]:
    days = "; ".join(
        f"{day.day} {'closed' if day.closed else 'works'}, {names.get(day.calendar, day.calendar)}"
        + (f", {day.place}" if day.place else "")
        for day in one.days
    )
    looked = "counted again" if one.looked_at else "not all counted again yet"
    rows = (
        ("Days", days),
        ("Source", one.source),
        ("Entered", reader.clock.moment(one.entered_at)),
        ("Running limits", looked),
    )
    return one.name, rows


@router.post("/calendars/preview")
async def preview(request: Request, form: AskingForm) -> Response:
    """Which running limits would move; nothing is entered."""
    call, sent = form.call, form.sent
    change = _change_in(sent)
    if isinstance(change, CalendarChange):
        found: Any = await casework.preview_calendar(call.session, call.actor, change, now=call.now)
    else:
        found = change
    if isinstance(found, Preview):
        view = _previewed(found, sent, _names(call), Reader.of(call))
        return page(
            request, "directory/calendar_preview.html", view, title="What would move", call=call
        )
    return await _not_done(request, call, found, sent)


@router.post("/calendars")
async def change_calendar(request: Request, form: ActingForm) -> Response:
    """Enter it."""
    call, sent = form.call, form.sent
    if call.stored is not None:
        return see_other("/calendars?done=entered")
    change = _change_in(sent)
    answer: Any = change
    if isinstance(change, CalendarChange):
        answer = await casework.change_calendar(call.session, call.actor, change, now=call.now)
    if isinstance(answer, CalendarChanged):
        return see_other("/calendars?done=entered")
    return await _not_done(request, call, answer, sent)


async def _not_done(request: Request, call: Call[Any], answer: Refusal, sent: Sent) -> Response:
    if answer.type == "invalid-input":
        return await _shown(request, call, sent, faults_in(answer, _FIELDS))
    return refused(request, answer, call, back="/calendars")


def _change_in(sent: Sent) -> CalendarChange | Refusal:
    days: dict[str, date | None] = {}
    for name in ("day", "moved_from"):
        try:
            days[name] = day_in(sent.one(name)) if sent.one(name) else None
        except ValueError as fault:
            return invalid_input([Fault(f"/{name}", "unreadable", str(fault))])
    if days["day"] is None:
        return invalid_input([Fault("/day", "missing", "Give the day.")])
    return CalendarChange(
        kind=sent.one("kind"),
        calendars=sent.many("calendars"),
        day=days["day"],
        name=sent.one("name"),
        source=sent.one("source"),
        moved_from=days["moved_from"] if sent.one("kind") == "moved" else None,
        place=sent.one("place"),
    )


def _previewed(found: Preview, sent: Sent, names: dict[str, str], reader: Reader) -> PreviewPage:
    change = found.change
    moved = f"instead of {change.moved_from}" if change.moved_from else ""
    rows = (
        ("What was decided", _KINDS[change.kind]),
        ("Whose calendar", ", ".join(names[one] for one in change.calendars)),
        ("The day", f"{change.day} {moved}".strip()),
        ("Where", change.place or "In the whole country"),
        ("What the day is", change.name),
        ("Source", change.source),
    )
    notes = []
    if found.more:
        notes.append(f"Only the first {casework.MOST_LISTED} running limits were looked at here.")
    if found.unread:
        notes.append(f"{found.unread} limits stand under law that is no longer here: they stay.")
    fields = ("kind", "calendars", "day", "moved_from", "place", "name", "source")
    return PreviewPage(
        rows=rows,
        lines=tuple(_line(one, reader) for one in found.limits),
        notes=tuple(notes),
        hidden=tuple((name, value) for name in fields for value in sent.many(name)),
        key=new_key(),
    )


def _line(one: LimitMoved, reader: Reader) -> MovedLine:
    return MovedLine(
        one.reference,
        reader.law.step_title(one, one.step),
        reader.clock.moment(one.before),
        reader.clock.moment(one.after),
        one.derivation,
    )
