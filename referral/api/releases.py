"""Releases over JSON: prepared by one, published by another; and what everybody may read."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Path, Request, Response
from pydantic import Field, StrictBool

from agencies.duties import Scope
from referral import casework, errors, queries
from referral.api.answers import Answer
from referral.api.asked import Route
from referral.api.shapes import Line, Shape, shown
from referral.api.wire import KEYED, ROOT, answer, refused
from referral.casework import Released
from referral.entry import Acting, Call, Reading, installation_of, needs_scope
from referral.errors import Refusal
from referral.figures.release_document import as_csv
from referral.session import WriteSession

router = APIRouter(prefix=ROOT, tags=["figures"], route_class=Route)

_CACHED: Final = "public, max-age=3600"
Country = Annotated[str, Path(pattern="^[A-Z]{2}$")]
Period = Annotated[str, Path(pattern="^[0-9]{4}(-Q[1-4])?$")]


class Preparing(Shape):
    """What is to be prepared. ``period``: a year or a quarter; ``recipient``: of a hand-over."""

    model_config = shown({"kind": "public", "period": "2025-Q1"})

    kind: Literal["public", "ctdc"]
    period: Annotated[str, Field(pattern="^[0-9]{4}(-Q[1-4])?$")]
    recipient: Line | None = None


class Answering(Shape):
    """The second person's answer to exactly the bytes with this SHA-256 (hex)."""

    model_config = shown({"approve": True, "digest": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4"})

    approve: StrictBool
    digest: Line


class State(Answer):
    """Asked, prepared, failed, published, handed_over or refused."""

    id: UUID
    state: str


class ReleaseListed(Answer):
    """One release. ``state``: asked while it is being prepared; ``why``: it failed."""

    id: UUID
    kind: str
    period: str
    state: str
    why: str | None
    attempts: int
    counted: dict[str, int]
    digest: str | None
    recipient: str | None
    asked_by: str
    asked_at: datetime
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None
    mine: bool


class Prepared(ReleaseListed):
    """One with the document that is or would be published; none of a hand-over."""

    document: dict[str, Any] | None


class Releases(Answer):
    """Those of the country, the unanswered first."""

    releases: tuple[ReleaseListed, ...]


class PublishedPeriod(Answer):
    """A year or quarter that is published; ``digest``: SHA-256 (hex) of its file."""

    period: str
    published_at: datetime
    digest: str


class PublishedTable(Answer):
    """One table: what it crosses, and a row for each cell (``*``: all of them)."""

    table: str
    title: str
    crosses: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]


class PublishedFigures(Answer):
    """A published year or quarter; what its flags mean stands in it, and what was given up."""

    format: str
    country: str
    year: int
    period: str
    given_up: tuple[tuple[str, ...], ...]
    version: str
    definition: str
    flags: dict[str, str]
    dimensions: dict[str, dict[str, str]]
    tables: tuple[PublishedTable, ...]
    not_counted: tuple[dict[str, str], ...]


class Published(Answer):
    """All of a country, the latest year first."""

    periods: tuple[PublishedPeriod, ...]


@router.get("/releases", response_model=Releases)
async def releases_of(call: Reading, request: Request) -> Response:
    """For statisticians and whoever protects data."""
    needs_scope(call, Scope.OVERSIGHT_READ)
    found = await queries.releases_of(call.session, call.actor, now=call.now)
    if isinstance(found, Refusal):
        return refused(found, request)
    return answer(Releases(releases=tuple(ReleaseListed(**asdict(one)) for one in found)))


@router.get("/releases/{release_id}", response_model=Prepared)
async def release_seen(call: Reading, request: Request, release_id: UUID) -> Response:
    """One release as it is or would be published."""
    needs_scope(call, Scope.OVERSIGHT_READ)
    seen = await queries.release_seen(call.session, call.actor, release_id, now=call.now)
    if isinstance(seen, Refusal):
        return refused(seen, request)
    told = asdict(seen)
    content = told.pop("content")
    return answer(Prepared(**told, document=orjson.loads(content) if content else None))


@router.post("/releases", status_code=201, response_model=State, openapi_extra=KEYED)
async def prepare_release(call: Acting, body: Preparing) -> Response:
    """Ask that it be counted and controlled; nothing is public before another person approves."""
    done = _stored(call) or await casework.prepare_release(
        *(call.session, call.actor, call.installation.reporter),
        *(body.kind, body.period, body.recipient),
        now=call.now,
    )
    return _state(done, 201)


@router.post("/releases/{release_id}/answer", response_model=State, openapi_extra=KEYED)
async def answer_release(call: Acting, release_id: UUID, body: Answering) -> Response:
    """Publish (or hand over) exactly what was prepared, or refuse it."""
    done = _stored(call) or await casework.answer_release(
        *(call.session, call.actor, release_id),
        approve=body.approve,
        digest=body.digest,
        now=call.now,
    )
    return _state(done)


@router.post("/releases/{release_id}/hand-over", include_in_schema=False)  # no JSON: a table
async def take_hand_over(call: Acting, release_id: UUID) -> Response:
    """The file of an approved hand-over, for one of the two who agreed on it."""
    needs_scope(call, Scope.CASES_WRITE)
    taken = await casework.take_hand_over(call.session, call.actor, release_id, now=call.now)
    if isinstance(taken, Refusal):
        return refused(taken)
    return Response(taken, media_type="text/csv; charset=utf-8")


@router.get("/published/{country}", response_model=Published)
async def published_periods(request: Request, country: Country) -> Response:
    """Which years and quarters are published; nobody need be signed in."""
    async with installation_of(request).engine.connect() as connection, connection.begin():
        found = await queries.published_in(connection, country)
    periods = tuple(PublishedPeriod(**_without_content(one)) for one in found)
    return _cached(answer(Published(periods=periods)))


@router.get("/published/{country}/{period}.csv", include_in_schema=False)  # as above
async def published_table(request: Request, country: Country, period: Period) -> Response:
    """A published period as a table of commas."""
    found = await _content(request, country, period)
    if isinstance(found, Refusal):
        return refused(found)
    return _cached(Response(as_csv(found), media_type="text/csv; charset=utf-8"))


@router.get("/published/{country}/{period}", response_model=PublishedFigures)
async def published(request: Request, country: Country, period: Period) -> Response:
    """A published period, byte for byte as it was released; nobody need be signed in."""
    found = await _content(request, country, period)
    if isinstance(found, Refusal):
        return refused(found)
    return _cached(Response(found, media_type="application/json"))


async def _content(request: Request, country: str, period: str) -> bytes | Refusal:
    async with installation_of(request).engine.connect() as connection, connection.begin():
        found = await queries.published_in(connection, country, period)
    return next((one.content for one in found if one.content), errors.not_found())


def _without_content(one: queries.Publication) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name != "content"}


def _cached(response: Response) -> Response:
    response.headers["Cache-Control"] = _CACHED
    return response


def _stored(call: Call[WriteSession]) -> Released | None:
    needs_scope(call, Scope.CASES_WRITE)
    return Released.again(call.stored) if call.stored is not None else None


def _state(done: Released | Refusal, status: int = 200) -> Response:
    if isinstance(done, Refusal):
        return refused(done)
    return answer(State(id=UUID(done.id), state=done.state), status)
