"""Operations over JSON: planned, listed without dates, opened by who is named, ended."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from agencies.duties import Scope
from referral import casework, queries
from referral.api.answers import Answer
from referral.api.asked import Route
from referral.api.shapes import Line, Moment, Shape, Words, shown
from referral.api.wire import KEYED, ROOT, answer, refused
from referral.casework import Operated
from referral.entry import Acting, Reading, Witnessed, needs_scope
from referral.errors import Refusal
from referral.queries import OperationSeen

router = APIRouter(prefix=f"{ROOT}/operations", tags=["operations"], route_class=Route)


class Planning(Shape):
    """An operation to be planned; whoever is named knows of it, and nobody else."""

    model_config = shown(
        {
            "kind": "joint_visit",
            "planned_at": "2026-04-01T05:00:00Z",
            "place": "the kiln behind the market",
            "what": "Inspection with the child protection office.",
            "participants": [],
        }
    )

    kind: Literal["joint_visit", "rescue"]
    planned_at: Moment
    place: Line
    what: Words
    participants: list[UUID] = Field(
        default_factory=list, max_length=100, description="Memberships; you are always one."
    )


class Ending(Shape):
    """How it ended: in a case your unit has filed, or aborted, with the reason."""

    model_config = shown({"words": "Somebody had warned the owner."})

    case_id: UUID | None = None
    words: Words | None = None


class Operation(Answer):
    """That there is one, and whether it is over; never when or where."""

    id: UUID
    state: str
    case_id: UUID | None
    version: int


class Operations(Answer):
    """Those you are named in."""

    operations: tuple[Operation, ...]


class OperationWhole(Answer):
    """One operation, opened; the log keeps it."""

    operation: Operation
    kind: str
    planned_at: datetime
    place: str
    what: str
    who: tuple[str, ...]
    ending: str | None

    @classmethod
    def of(cls, seen: OperationSeen) -> Self:
        """From the room."""
        return cls(operation=Operation(**asdict(seen.line)), ending=seen.ending, **seen.content)


class Changed(Answer):
    """An operation was planned, ended or aborted."""

    operation_id: UUID
    state: str
    version: int


@router.get("", response_model=Operations)
async def operations_of(call: Reading, request: Request) -> Response:
    """The operations you are named in."""
    needs_scope(call, Scope.CASES_READ)
    found = await queries.operations_of(call.session, call.actor, now=call.now)
    if isinstance(found, Refusal):
        return refused(found, request)
    return answer(Operations(operations=tuple(Operation(**asdict(one)) for one in found)))


@router.get("/{operation_id}", response_model=OperationWhole)
async def operation_seen(call: Witnessed, request: Request, operation_id: UUID) -> Response:
    """One operation, opened: what, where, when and who; the log keeps that you looked."""
    needs_scope(call, Scope.CASES_READ)
    found = await queries.operation_seen(call.session, call.actor, operation_id, now=call.now)
    if isinstance(found, Refusal):
        return refused(found, request)
    return answer(OperationWhole.of(found))


@router.post("", status_code=201, response_model=Changed, openapi_extra=KEYED)
async def plan_operation(call: Acting, body: Planning) -> Response:
    """Plan an operation."""
    needs_scope(call, Scope.CASES_WRITE)
    done = (
        Operated.again(call.stored)
        if call.stored is not None
        else await casework.plan_operation(
            call.session, call.actor, casework.Plan(**body.model_dump()), now=call.now
        )
    )
    return _changed(done, 201)


@router.post("/{operation_id}/end", response_model=Changed, openapi_extra=KEYED)
async def end_operation(call: Acting, operation_id: UUID, body: Ending) -> Response:
    """End it in a filing of your unit, or abort it."""
    needs_scope(call, Scope.CASES_WRITE)
    done = (
        Operated.again(call.stored)
        if call.stored is not None
        else await casework.end_operation(
            call.session,
            call.actor,
            operation_id,
            body.words or "",
            case_id=body.case_id,
            now=call.now,
        )
    )
    return _changed(done, 200)


def _changed(done: Operated | Refusal, status: int) -> Response:
    if isinstance(done, Refusal):
        return refused(done)
    return answer(Changed(**asdict(done)), status, version=done.version)
