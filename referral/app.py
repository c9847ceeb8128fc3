"""The web application: doors mounted, health shown, made from an installation and nothing else.

So two can live in one process. What it must never know: cases, agencies, protocols.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import Gauge, generate_latest
from starlette.routing import BaseRoute

from referral import api, edge, web
from referral.answering import ANSWERED, answered
from referral.database import UNCLEAN
from referral.entry import Installation
from referral.log_health import health_of_log, measuring

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
        exception_handlers=ANSWERED,
        telemetry=_NO_TELEMETRY,
    )
    app.state.installation = installation
    app.router.routes.extend(_doors())
    _show_health(app, metrics)
    app.state.openapi = cache(lambda: api.described(app.routes, VERSION))
    return app


@cache
def _doors() -> Sequence[BaseRoute]:
    """Every room's routes, worked out by the first request and the same for all applications.

    They know nothing of an installation: they ask the application they are called by.
    """
    doors = APIRouter()
    for router in (*api.routers, *_pages()):
        doors.include_router(router)
    return tuple(doors.routes)


def _pages() -> Sequence[Any]:
    router = getattr(web, "router", None)
    return () if router is None else (router,)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await app.state.installation.engine.dispose()
    if app.state.installation.reporter is not None:
        await app.state.installation.reporter.dispose()


def _show_health(app: FastAPI, metrics: edge.Metrics) -> None:
    """Alive needs nothing; ready needs the database; metrics hold no identity.

    A log that is not signed keeps nobody from working: it is said beside, and an alarm stands.
    """
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
            log = await health_of_log(installation)
        return JSONResponse({"status": "ready", "log": log})

    measure = measuring(metrics.registry)

    @app.get("/metrics", include_in_schema=False)
    async def measured(request: Request) -> Response:
        await measure(request.app.state.installation)
        return Response(generate_latest(metrics.registry), media_type="text/plain; version=0.0.4")
