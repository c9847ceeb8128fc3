"""Notices over JSON: one's own list, how one wants to be told, and who could not be told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from agencies.duties import Scope
from referral import members, queries
from referral.api.answers import Answer
from referral.api.asked import Headers, Route
from referral.api.shapes import Line, Shape, shown
from referral.api.wire import KEYED, ROOT, answer, links, refused
from referral.entry import Acting, Call, Reading, needs_scope
from referral.errors import Refusal
from referral.members import Wish

router = APIRouter(prefix=f"{ROOT}/notices", tags=["hand-offs"], route_class=Route)

Hour = Annotated[int, Field(ge=0, le=23, strict=True)]


class Noticed(Answer):
    """One thing she was told; ``ids`` are several where many persons were handed over at once."""

    ids: tuple[UUID, ...]
    kind: str
    occurred_at: datetime
    read: bool
    danger: bool
    hand_off_id: UUID | None
    case_id: UUID | None
    number: str | None
    mail: str | None


class Notices(Answer):
    """One page, the newest first."""

    notices: tuple[Noticed, ...]


class Preferring(Shape):
    """How she wants to be told, whole. Hours of her unit's zone; no address: nothing is mailed."""

    model_config = shown(
        {
            "address": "w.sato@children.example",
            "language": "en",
            "mode": "digest",
            "digest_hour": 8,
            "quiet_from": 20,
            "quiet_until": 7,
        }
    )

    address: Line | None = None
    language: Line | None = None
    mode: Literal["each", "digest"] = "each"
    digest_hour: Hour = 8
    quiet_from: Hour | None = None
    quiet_until: Hour | None = None


class Preferred(Answer):
    """How she is told. ``refused_at``: since when the address refuses our mail."""

    address: str | None
    language: str | None
    mode: str
    digest_hour: int
    quiet_from: int | None
    quiet_until: int | None
    refused_at: datetime | None


class Seeing(Shape):
    """Which of her notices she has read."""

    model_config = shown({"ids": ["6f9619ff-8b86-4d01-b42d-00cf4fc964ff"]})

    ids: tuple[UUID, ...] = Field(max_length=1000)


class Marked(Answer):
    """How many were not yet marked."""

    marked: int


class NobodyTold(Answer):
    """A notice that reached nobody; an agency that is not to be named is null."""

    kind: str
    cause: str
    occurred_at: datetime
    role: str | None
    whose: str | None


class NoMail(Answer):
    """Somebody whom no mail reaches: no address, or one that refuses."""

    name: str
    refused: bool


class Unreached(Answer):
    """Of the last 30 days, of her unit, agency or country; ``more``: older ones are left out."""

    notices: tuple[NobodyTold, ...]
    people: tuple[NoMail, ...]
    more: bool


@router.get("", response_model=Notices)
async def notices_of(
    call: Reading, request: Request, after: Annotated[str | None, Query(max_length=200)] = None
) -> Response:
    """Her own notices; the Link header leads to the older ones."""
    needs_scope(call, Scope.HAND_OFFS_READ)
    found = await queries.notices_of(call.session, after=after)
    if isinstance(found, Refusal):
        return refused(found, request)
    shown_here = tuple(
        Noticed(**{name: getattr(one, name) for name in Noticed.model_fields})
        for one in found.lines
    )
    return answer(Notices(notices=shown_here), headers=links(request, found.after))


@router.post("/read", response_model=Marked, openapi_extra=KEYED)
async def read(call: Acting, body: Seeing) -> Response:
    """Mark some as read."""
    needs_scope(call, Scope.HAND_OFFS_WRITE)
    return answer(Marked(marked=await members.read_notices(call.session, body.ids, now=call.now)))


@router.get("/preferences", response_model=Preferred)
async def preferences(call: Reading) -> Response:
    """How she is told."""
    needs_scope(call, Scope.HAND_OFFS_READ)
    return await _preferred(call)


@router.put("/preferences", response_model=Preferred, openapi_extra=KEYED)
async def prefer(call: Acting, body: Preferring, asked: Headers) -> Response:
    """Say how she wants to be told; whatever is left out is as if never said."""
    del asked
    needs_scope(call, Scope.HAND_OFFS_WRITE)
    domains = call.installation.settings.mail_domains
    wish = Wish(**body.model_dump())
    refusal = await members.prefer(call.session, call.actor, wish, domains=domains, now=call.now)
    if refusal is not None:
        return refused(refusal)
    return await _preferred(call)


async def _preferred(call: Call[Any]) -> Response:
    found = await queries.preference_of(call.session)
    return answer(Preferred(**{name: getattr(found, name) for name in Preferred.model_fields}))


@router.get("/unreached", response_model=Unreached)
async def unreached(call: Reading, request: Request) -> Response:
    """Notices that reached nobody, and people whom no mail reaches."""
    needs_scope(call, Scope.OVERSIGHT_READ)
    found = await queries.unreached_in(call.session, call.actor, now=call.now)
    if isinstance(found, Refusal):
        return refused(found, request)
    return answer(
        Unreached(
            notices=tuple(
                NobodyTold(
                    kind=one.kind,
                    cause=one.cause,
                    occurred_at=one.occurred_at,
                    role=one.by_role,
                    whose=one.whose,
                )
                for one in found.notices
            ),
            people=tuple(NoMail(name=one.name, refused=one.refused) for one in found.people),
            more=found.more,
        )
    )
