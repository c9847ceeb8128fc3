"""Batches over JSON: what was asked of one unit for several persons at once, answered at once.

Each function is named like the verb or the question behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from agencies.duties import Scope
from protocols.lifecycle import Act
from referral import casework, queries
from referral.api import hand_off_shapes as shapes
from referral.api.answers import Answer, Made, made
from referral.api.asked import Asked, Headers, Route
from referral.api.hand_off_answers import Lines, Listed
from referral.api.shapes import Saying
from referral.api.wire import KEYED, ROOT, answer, refused
from referral.casework import BatchActed
from referral.entry import Acting, Call, Reading, needs_scope
from referral.errors import Refusal
from referral.session import WriteSession

router = APIRouter(prefix=f"{ROOT}/hand-offs/batches", tags=["hand-offs"], route_class=Route)


class BatchDone(Answer):
    """An act was done on each hand-off of a batch that waited for it; the rest stands as it was.

    ``made``: what follows, as far as you hold the persons now.
    """

    batch: UUID
    case_id: UUID
    hand_offs: tuple[UUID, ...]
    made: tuple[Made, ...]
    promises: dict[UUID, str] = Field(
        default={},
        description="Of acceptances, by hand-off: a signed note that it stands in the log within "
        "60 seconds.",
    )

    @classmethod
    def of(cls, done: BatchActed, follow: tuple[Made, ...], promises: Mapping[UUID, str]) -> Self:
        """From what the room answered."""
        return cls(
            batch=UUID(done.batch),
            case_id=UUID(done.case_id),
            hand_offs=tuple(UUID(one) for one in done.hand_offs),
            made=follow,
            promises=dict(promises),
        )


@router.get("/{batch}", response_model=Lines)
async def batch_of(call: Reading, request: Request, asked: Headers, batch: UUID) -> Response:
    """Every hand-off of a batch, by number of the person."""
    needs_scope(call, Scope.HAND_OFFS_READ)
    lines = await queries.batch_of(call.session, call.actor, batch)
    if isinstance(lines, Refusal):
        return refused(lines, request)
    words = asked.wording(call)
    return answer(Lines(hand_offs=tuple(Listed.of(line, words, call.now) for line in lines)))


@router.post("/{batch}/acknowledgement", response_model=BatchDone, openapi_extra=KEYED)
async def acknowledge(
    call: Acting, asked: Headers, batch: UUID, body: Saying | None = None
) -> Response:
    """A named person of your unit has opened them all."""
    return await _acted(call, asked, batch, Act.ACKNOWLEDGE, body)


@router.post("/{batch}/acceptance", response_model=BatchDone, openapi_extra=KEYED)
async def accept(call: Acting, asked: Headers, batch: UUID, body: Saying | None = None) -> Response:
    """Your unit takes responsibility for everybody in the batch who waits; all or nobody."""
    return await _acted(call, asked, batch, Act.ACCEPT, body)


@router.post("/{batch}/decline", response_model=BatchDone, openapi_extra=KEYED)
async def decline(call: Acting, asked: Headers, batch: UUID, body: shapes.Declining) -> Response:
    """Refused before any action, for everybody in the batch who waits."""
    return await _acted(call, asked, batch, Act.DECLINE, body)


async def _acted(
    call: Call[WriteSession], asked: Asked, batch: UUID, act: Act, body: Saying | None
) -> Response:
    needs_scope(call, Scope.HAND_OFFS_WRITE)
    if call.stored is not None:
        done: BatchActed | Refusal = BatchActed.again(call.stored)
    else:
        done = await casework.act_on_batch(
            call.session, call.actor, batch, act, asked.said(body), now=call.now
        )
    if isinstance(done, Refusal):
        return refused(done)
    promiser = call.installation.promiser if act is Act.ACCEPT else None
    accepted = [UUID(one) for one in done.hand_offs]
    promises = await queries.promises_of(call.session, accepted, promiser)
    # Who declines is not told who is asked next (see ``acting``).
    asks = done.asks if act is not Act.DECLINE else ()
    return answer(BatchDone.of(done, await made(call, asks, asked.wording(call)), promises))
