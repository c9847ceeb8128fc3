"""Calendars over JSON: what was entered, what a change would move, and entering it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from agencies.duties import Scope
from referral import casework, queries
from referral.api.answers import Answer, Titled
from referral.api.asked import Headers, Route
from referral.api.shapes import Code, Line, PlaceCode, Shape, shown
from referral.api.wire import KEYED, ROOT, answer, refused
from referral.casework import CalendarChange, CalendarChanged, Preview
from referral.entry import Acting, Reading, needs_scope
from referral.errors import Refusal

router = APIRouter(prefix=f"{ROOT}/calendars", tags=["directory"], route_class=Route)


class Changing(Shape):
    """What a decree says: a day is closed, a holiday is moved, or taken back."""

    model_config = shown(
        {
            "kind": "declared",
            "calendars": ["court"],
            "day": "2026-12-24",
            "name": "National day of mourning",
            "source": "Decree 12 of 2 March 2026, Official Gazette 44",
        }
    )

    kind: Literal["declared", "moved", "taken_back"]
    calendars: Annotated[list[Code], Field(min_length=1, max_length=50)]
    day: Annotated[date, Field(strict=False)]
    name: Line
    source: Line
    moved_from: Annotated[date | None, Field(strict=False)] = None
    place: PlaceCode | None = None

    def change(self) -> CalendarChange:
        """As the room takes it."""
        given = self.model_dump(exclude={"calendars", "place"})
        return CalendarChange(**given, calendars=tuple(self.calendars), place=self.place or "")


class EnteredDay(Answer):
    """One day; ``place`` is empty for the whole country."""

    calendar: str
    place: str
    day: date
    closed: bool


class EnteredChange(Answer):
    """What was entered; ``looked_at``: when running limits had been counted again."""

    id: UUID
    kind: str
    name: str
    source: str
    entered_at: datetime
    looked_at: datetime | None
    days: tuple[EnteredDay, ...]


class EnteredChanges(Answer):
    """The latest first; and the calendars there are."""

    calendars: tuple[str, ...]
    changes: tuple[EnteredChange, ...]


class MovedLimit(Answer):
    """A running limit that would end at another moment; nothing else of its case."""

    reference: str
    step: Titled
    before: datetime
    after: datetime
    derivation: tuple[str, ...]


class Previewed(Answer):
    """``more``: there are more running limits; ``unread``: their law is gone, they stay."""

    limits: tuple[MovedLimit, ...]
    more: bool
    unread: int


class Changed(Answer):
    """A change was entered."""

    id: UUID
    days: int


@router.get("", response_model=EnteredChanges)
async def calendar_changes(call: Reading, request: Request) -> Response:
    """What was entered, for coordinators."""
    needs_scope(call, Scope.DIRECTORY_READ)
    found = await queries.calendar_changes(call.session, call.actor, now=call.now)
    if isinstance(found, Refusal):
        return refused(found, request)
    names = call.session.catalogue.calendars(call.actor.country).descriptions
    changes = tuple(EnteredChange(**asdict(one)) for one in found)
    return answer(EnteredChanges(calendars=tuple(sorted(names)), changes=changes))


@router.post("/previews", response_model=Previewed, openapi_extra=KEYED)
async def preview(call: Acting, asked: Headers, body: Changing, request: Request) -> Response:
    """Which running limits a change would move; nothing is entered."""
    needs_scope(call, Scope.DIRECTORY_READ)
    found = await casework.preview_calendar(call.session, call.actor, body.change(), now=call.now)
    if isinstance(found, Refusal):
        return refused(found, request)
    return answer(_previewed(found, asked.wording(call)))


def _previewed(found: Preview, words: Any) -> Previewed:
    limits = tuple(
        MovedLimit(
            reference=one.reference,
            step=Titled(code=one.step, title=words.step(one, one.step)),
            before=one.before,
            after=one.after,
            derivation=one.derivation,
        )
        for one in found.limits
    )
    return Previewed(limits=limits, more=found.more, unread=found.unread)


@router.post("/changes", status_code=201, response_model=Changed, openapi_extra=KEYED)
async def change_calendar(call: Acting, body: Changing) -> Response:
    """Enter a change; running limits are counted again by the clockwork."""
    needs_scope(call, Scope.CASES_WRITE)
    done: CalendarChanged | Refusal
    if call.stored is not None:
        done = CalendarChanged.again(call.stored)
    else:
        done = await casework.change_calendar(call.session, call.actor, body.change(), now=call.now)
    if isinstance(done, Refusal):
        return refused(done)
    return answer(Changed(id=UUID(done.change_id), days=done.days), 201)
