"""Refusals and faults turned into answers: a problem for programs, a page for people.

Every way a request can end badly stands in one table. What it must never know: cases; and it never
repeats what was sent.
"""

from __future__ import annotations

from typing import Any, Final

import asyncpg
import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from referral import edge, errors
from referral.errors import Fault, Refusal, RefusedError
from referral.logs import fault_of
from referral.outages import refusal_for
from referral.web.pages import error_page

_LOG = structlog.get_logger("referral.answering")
_MACHINES: Final = ("/api/", "/health/", "/metrics", *edge.PUBLIC)


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


ANSWERED: Final[Any] = {
    RefusedError: _refused,
    RequestValidationError: _malformed,
    HTTPException: _elsewhere,
    SQLAlchemyError: _unavailable,
    asyncpg.PostgresError: _unavailable,
    asyncpg.InterfaceError: _unavailable,
    OSError: _unavailable,
}
