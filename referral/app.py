"""The web application: doors mounted, faults turned into answers, health shown.

Made from an installation and nothing else, so that two can live in one process. What it must never
know: cases, agencies, protocols.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final

import asyncpg
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from prometheus_client import Gauge, generate_latest
from sqlalchemy.exc import DBAPIError, InterfaceError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from referral import api, edge, errors, web
from referral.database import UNCLEAN
from referral.entry import Installation
from referral.errors import Fault, Refusal, RefusedError
from referral.logs import fault_of, sqlstate_of
from referral.web.pages import error_page

_LOG = structlog.get_logger("referral.app")
_MACHINES: Final = ("/api/", "/health/", "/metrics")
_READY_SECONDS: Final = 2.0
VERSION: Final = "1.0.0"

# The framework's own telemetry would export query strings and the words of exceptions.
_NO_TELEMETRY: Final[Any] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
# 40001 and 40P01: two acts in each other's way; 55P03: waited too long for a lock; 57014: too slow;
# 25P03: idle too long; 53300: no connection left.
_PASSING: Final = frozenset({"40001", "40P01", "55P03", "57014", "25P03", "25P04", "53300"})
# Class 08: connection; 53: resources (disk full); 57P: shutting down; 58: the machine; 28 and 3D:
# it will not have us; 25006: it may only be read.
_GONE: Final = ("08", "53", "57P", "58", "28", "3D", "25006")


def make_app(installation: Installation) -> FastAPI:
    """The application of one installation; its engine is disposed of when it stops."""
    metrics = edge.Metrics()
    app = FastAPI(
        title="Case referral between agencies",
        version=VERSION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        middleware=edge.wall(installation.settings, metrics, answered),
        exception_handlers=_HANDLERS,
        telemetry=_NO_TELEMETRY,
    )
    app.state.installation = installation
    for router in (*api.routers, *_pages()):
        app.include_router(router)
    _show_health(app, metrics)
    app.state.openapi = cache(lambda: api.described(app.routes, VERSION))
    return app


def _pages() -> Sequence[Any]:
    router = getattr(web, "router", None)
    return () if router is None else (router,)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await app.state.installation.engine.dispose()


def _show_health(app: FastAPI, metrics: edge.Metrics) -> None:
    """Alive needs nothing; ready needs the database; metrics hold no identity."""
    unclean = Gauge(
        "referral_connections_unclean",
        "Connections that came back inside a transaction, and were destroyed",
        registry=metrics.registry,
    )
    unclean.set_function(lambda: UNCLEAN["returned_in_transaction"])

    @app.get("/health/live", include_in_schema=False)
    async def live() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/health/ready", include_in_schema=False)
    async def ready(request: Request) -> Response:
        installation: Installation = request.app.state.installation
        async with asyncio.timeout(_READY_SECONDS):
            async with installation.engine.connect() as connection:
                await connection.exec_driver_sql("SELECT 1")
        return Response('{"status":"ready"}', media_type="application/json")

    @app.get("/metrics", include_in_schema=False)
    async def measured() -> Response:
        return Response(generate_latest(metrics.registry), media_type="text/plain; version=0.0.4")


def answered(request: Request, refusal: Refusal) -> Response:
    """A refusal as its door speaks: a problem for programs, a page for people."""
    if request.url.path.startswith(_MACHINES):
        return edge.problem(request, refusal)
    return error_page(request, refusal)


async def _refused(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, RefusedError)  # noqa: S101 - registered for nothing else
    return answered(request, refused.refusal)


async def _malformed(request: Request, malformed: Exception) -> Response:
    """Bad input: where and what, never what was sent. An id that is none is one nobody has."""
    assert isinstance(malformed, RequestValidationError)  # noqa: S101
    found = malformed.errors()
    if any(one["loc"][:1] == ("path",) for one in found):
        return answered(request, errors.not_found())
    faults = [
        Fault(_pointer(one), _CODES.get(one["type"], one["type"]), _words(one)) for one in found
    ]
    return answered(request, errors.invalid_input(faults))


_CODES: Final = {
    "extra_forbidden": "unknown-field",
    "json_invalid": "not-json",
    "model_attributes_type": "wrong-type",
    "missing": "missing",
}
_WORDS: Final = {
    "extra_forbidden": "There is no such field. The fields there are: /api/v1/docs.",
    "json_invalid": "This is no JSON in UTF-8. Check brackets, quotes and the encoding.",
    "model_attributes_type": "Send a JSON object, with Content-Type: application/json.",
    "missing": "This is needed.",
    "timezone_aware": "Give the offset too: 2026-03-02T09:30:00-03:00, or Z for UTC.",
}


def _words(one: dict[str, Any]) -> str:
    """What is wrong, in words that cannot hold what was sent."""
    words: str = _WORDS.get(one["type"], one["msg"])
    return words


def _pointer(one: dict[str, Any]) -> str:
    """A JSON Pointer into the body, or to the parameter by name."""
    parts = one["loc"][1:] if one["type"] != "json_invalid" else ()
    return "".join(f"/{str(part)[:60].replace('~', '~0').replace('/', '~1')}" for part in parts)


async def _unavailable(request: Request, fault: Exception) -> Response:
    """The database is gone or busy: 503 and when to come back; all else is our fault."""
    refusal = refusal_for(fault)
    _LOG.warning("database", code=refusal.type, **fault_of(fault))
    return answered(request, refusal)


def refusal_for(fault: Exception) -> Refusal:
    """What a fault of the database means to whoever asked."""
    state = sqlstate_of(fault) or ""
    if isinstance(fault, PoolTimeout) or state in _PASSING:
        return edge.busy()
    lost = isinstance(fault, DBAPIError) and fault.connection_invalidated
    closed = isinstance(fault, OSError | InterfaceError | asyncpg.InterfaceError)
    if lost or closed or state.startswith(_GONE):
        return errors.unavailable()
    if state.startswith("23"):
        return _clash()
    return edge.unforeseen()


def _clash() -> Refusal:
    """A key exists already: one neutral answer, for the reason itself may be somebody else's."""
    return Refusal(
        409,
        "conflict",
        "This could not be stored beside what is there",
        "Nothing was changed. Read again and repeat; for a new report use a new client_id.",
    )


async def _elsewhere(request: Request, gone: Exception) -> Response:
    """No such address, or not with this method."""
    assert isinstance(gone, HTTPException)  # noqa: S101
    if gone.status_code == 404:  # noqa: PLR2004
        return answered(request, errors.not_found())
    allowed = (gone.headers or {}).get("allow") or (gone.headers or {}).get("Allow")
    refusal = Refusal(
        gone.status_code,
        "method-not-allowed" if allowed else "malformed",
        "This address does not do that" if allowed else "This request cannot be read",
        "The operations there are: /api/v1/docs.",
        headers={"Allow": allowed} if allowed else {},
    )
    return answered(request, refusal)


_HANDLERS: Final[Any] = {
    RefusedError: _refused,
    RequestValidationError: _malformed,
    HTTPException: _elsewhere,
    SQLAlchemyError: _unavailable,
    asyncpg.PostgresError: _unavailable,
    asyncpg.InterfaceError: _unavailable,
    OSError: _unavailable,
}
