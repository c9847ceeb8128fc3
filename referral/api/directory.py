"""Who there is, over JSON: the agencies of a country, and who serves a place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from agencies import directory
from agencies.directory import AgencyEntry, Serving
from agencies.duties import Scope
from referral import access, errors
from referral.api.asked import Headers, Route
from referral.api.directory_answers import Agencies, Agency, Served
from referral.api.shapes import Code, PlaceCode
from referral.api.wire import ROOT, answer, links, refused
from referral.api.wording import Wording
from referral.entry import Call, Reading, needs_scope
from referral.errors import Fault, Refusal
from referral.session import ReadSession

router = APIRouter(prefix=ROOT, tags=["directory"], route_class=Route)


@router.get("/agencies", response_model=Agencies)
async def agencies_in(
    call: Reading,
    request: Request,
    asked: Headers,
    *,
    place: Annotated[PlaceCode | None, Query(examples=["ZZ-N"])] = None,
    mandate: Annotated[Code | None, Query(examples=["CHILD_PROTECTION"])] = None,
    after: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """The agencies of your country by key; at a place, those who serve it and who comes first."""
    needs_scope(call, Scope.DIRECTORY_READ)
    words = asked.wording(call)
    refusal = access.by_role(call.actor, "see_directory") or _unknown(words, mandate)
    if refusal is not None:
        return refused(refusal, request)
    served = await _serving(call, words, place, mandate)
    if isinstance(served, Refusal):
        return refused(served, request)
    entries = await directory.agencies_in(
        call.session.connection,
        call.actor.country,
        call.session.day_in(call.actor.country, call.now),
    )
    listed = [one for one in entries if _fits(one, mandate, served if place else None)]
    page = [one for one in listed if after is None or one.key > after]
    more = page[limit - 1].key if len(page) > limit else None
    shape = Agencies(
        agencies=tuple(Agency.of(one, call.actor, words) for one in page[:limit]),
        serving=tuple(Served.of(one, call.actor, words) for one in served),
    )
    return answer(shape, headers=links(request, more))


def _unknown(words: Wording, mandate: str | None) -> Refusal | None:
    if mandate is None or mandate in words.country.mandates:
        return None
    message = f"There is no such mandate. Use one of: {', '.join(words.country.mandates)}."
    return errors.invalid_input([Fault("/mandate", "unknown", message)])


async def _serving(
    call: Call[ReadSession], words: Wording, place: str | None, mandate: str | None
) -> list[Serving] | Refusal:
    """Every mandate (or the one) asked at the place, in one statement."""
    if place is None:
        return []
    connection = call.session.connection
    if place not in await directory.places_in(connection, call.actor.country):
        message = "This is no place of your country. Use an ISO 3166-2 code of the directory."
        return errors.invalid_input([Fault("/place", "unknown", message)])
    wanted = [mandate] if mandate else list(words.country.mandates)
    asks = [directory.Ask(one, place) for one in wanted]
    return await directory.serving(
        connection, asks, call.session.day_in(call.actor.country, call.now)
    )


def _fits(entry: AgencyEntry, mandate: str | None, served: Iterable[Serving] | None) -> bool:
    if mandate is not None and mandate not in {one.mandate for one in entry.mandates}:
        return False
    if served is None:
        return True
    units = [unit for one in served for unit in (one.unit, *one.alternates) if unit is not None]
    return entry.id in {unit.agency_id for unit in units}
