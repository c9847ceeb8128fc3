"""Meetings over JSON: called, listed, seen, recorded."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from agencies.duties import Scope
from referral import casework, queries
from referral.api.answers import Answer
from referral.api.asked import Route
from referral.api.shapes import Code, Moment, Shape, Words, shown
from referral.api.wire import KEYED, ROOT, answer, refused
from referral.casework import Met
from referral.entry import Acting, Reading, Witnessed, needs_scope
from referral.errors import Refusal
from referral.queries import MeetingLine, MeetingSeen

router = APIRouter(prefix=f"{ROOT}/meetings", tags=["meetings"], route_class=Route)


class Calling(Shape):
    """A meeting to be called. Its agenda holds what was escalated to it, and what is added here."""

    model_config = shown(
        {"kind": "task_force", "body": "COORDINATION", "planned_at": "2026-04-01T09:00:00Z"}
    )

    kind: Literal["conference", "task_force"]
    planned_at: Moment
    body: Code | None = Field(default=None, description="The mandate it meets as.")
    invited: list[UUID] = Field(default_factory=list, max_length=200)
    hand_offs: list[UUID] = Field(default_factory=list, max_length=500)


class Tasking(Shape):
    """A task: what, who, until when."""

    what: Words
    owner: UUID
    due_on: date
    item: UUID | None = None


class Recording(Shape):
    """What came of it: who was present, and the decisions as tasks."""

    model_config = shown({"held_at": "2026-04-01T09:00:00Z", "present": [], "tasks": []})

    held_at: Moment
    present: list[UUID] = Field(default_factory=list, max_length=200)
    tasks: list[Tasking] = Field(default_factory=list, max_length=200)


class Meeting(Answer):
    """One meeting of a list."""

    id: UUID
    kind: str
    body: str | None
    planned_at: datetime
    held_at: datetime | None
    convenor: str | None
    mine: bool
    version: int

    @classmethod
    def of(cls, line: MeetingLine) -> Self:
        """From the room."""
        return cls(**asdict(line))


class Meetings(Answer):
    """The meetings of a unit."""

    meetings: tuple[Meeting, ...]


class MeetingWhole(Answer):
    """One meeting with agenda, attendance and tasks."""

    meeting: Meeting
    items: tuple[dict[str, Any], ...]
    units: tuple[dict[str, Any], ...]
    tasks: tuple[dict[str, Any], ...]
    late: tuple[dict[str, Any], ...] = Field(
        description="In the tracks and area of the body, not on the agenda; for who convenes."
    )

    @classmethod
    def of(cls, seen: MeetingSeen) -> Self:
        """From the room."""
        return cls(
            meeting=Meeting.of(seen.line),
            items=tuple(asdict(one) for one in seen.items),
            units=tuple(asdict(one) for one in seen.units),
            tasks=tuple(asdict(one) for one in seen.tasks),
            late=tuple(asdict(one) for one in seen.late),
        )


class Convened(Answer):
    """A meeting was called or recorded."""

    meeting_id: UUID
    version: int


@router.get("", response_model=Meetings)
async def meetings_of(call: Reading, request: Request) -> Response:
    """The meetings your unit convenes or is invited to."""
    needs_scope(call, Scope.HAND_OFFS_READ)
    found = await queries.meetings_of(call.session, call.actor, now=call.now)
    if isinstance(found, Refusal):
        return refused(found, request)
    return answer(Meetings(meetings=tuple(Meeting.of(line) for line in found)))


@router.get("/{meeting_id}", response_model=MeetingWhole)
async def meeting_seen(call: Witnessed, request: Request, meeting_id: UUID) -> Response:
    """One meeting: agenda, who came, which tasks were given; the log keeps who opened those."""
    needs_scope(call, Scope.HAND_OFFS_READ)
    found = await queries.meeting_seen(call.session, call.actor, meeting_id, now=call.now)
    if isinstance(found, Refusal):
        return refused(found, request)
    return answer(MeetingWhole.of(found))


@router.post("", status_code=201, response_model=Convened, openapi_extra=KEYED)
async def call_meeting(call: Acting, body: Calling) -> Response:
    """Call a meeting; what was escalated to your unit's agenda is on it."""
    needs_scope(call, Scope.HAND_OFFS_WRITE)
    wanted = casework.Call(**body.model_dump())
    done = (
        Met.again(call.stored)
        if call.stored is not None
        else await casework.call_meeting(call.session, call.actor, wanted, now=call.now)
    )
    return _convened(done, 201)


@router.post("/{meeting_id}/record", response_model=Convened, openapi_extra=KEYED)
async def hold_meeting(call: Acting, meeting_id: UUID, body: Recording) -> Response:
    """Record who came and what was decided: tasks with owner and date."""
    needs_scope(call, Scope.HAND_OFFS_WRITE)
    tasks = tuple(casework.Task(one.owner, one.due_on, one.what, one.item) for one in body.tasks)
    record = casework.Record(body.held_at, tuple(body.present), tasks)
    done = (
        Met.again(call.stored)
        if call.stored is not None
        else await casework.hold_meeting(call.session, call.actor, meeting_id, record, now=call.now)
    )
    return _convened(done, 200)


def _convened(done: Met | Refusal, status: int) -> Response:
    if isinstance(done, Refusal):
        return refused(done)
    shape = Convened(meeting_id=UUID(done.meeting_id), version=done.version)
    return answer(shape, status, version=done.version)
