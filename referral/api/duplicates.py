"""The look-up for duplicates over JSON: exact, counted, and answered with an agency at most."""

from __future__ import annotations

from fastapi import APIRouter, Response

from agencies.duties import Scope
from referral import casework
from referral.api.answers import Answer
from referral.api.asked import Headers, Route
from referral.api.shapes import Line, Saying, shown
from referral.api.wire import KEYED, ROOT, answer, refused
from referral.casework import Sought
from referral.entry import Acting, needs_scope
from referral.errors import Refusal

router = APIRouter(prefix=f"{ROOT}/duplicates", tags=["cases"], route_class=Route)


class Seeking(Saying):
    """Whom you look for; a part of a name finds nobody."""

    model_config = shown(
        {"name": "a whole name", "born_on": "2016-01-31", "reason": "Before filing her report."}
    )

    name: Line | None = None
    born_on: Line | None = None
    document: Line | None = None
    telephone: Line | None = None


class Found(Answer):
    """Agencies that hold a possible match. ``coordinator``: she will make contact with you."""

    agencies: tuple[str, ...]
    coordinator: bool


@router.post("", response_model=Found, openapi_extra=KEYED)
async def find_duplicates(call: Acting, asked: Headers, body: Seeking) -> Response:
    """Is this person known already? Twenty an hour, each with a reason and a fresh password."""
    needs_scope(call, Scope.CASES_WRITE)
    told = body.model_dump(include={"name", "born_on", "document", "telephone"}, exclude_none=True)
    found = await casework.find_duplicates(
        call.session, call.actor, Sought(**told), asked.said(body), now=call.now
    )
    if isinstance(found, Refusal):
        return refused(found)
    return answer(Found(agencies=found.agencies, coordinator=found.coordinator))
