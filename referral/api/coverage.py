"""Where nobody is charged with a mandate, over JSON: for coordinators and their maps."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from agencies.duties import Scope
from referral import access
from referral.api.answers import Answer, Titled
from referral.api.asked import Headers, Route
from referral.api.wire import ROOT, answer, refused
from referral.api.wording import Wording
from referral.entry import Reading, needs_scope
from referral.queries.coverage import Coverage, coverage_of
from referral.session import Actor

router = APIRouter(prefix=ROOT, tags=["directory"], route_class=Route)


class CoveredPlace(Answer):
    """Who is asked for a mandate at a place; a confidential agency has no name here."""

    mandate: Titled
    place: str
    agency: str | None
    via: str
    no_agency: bool


class CountryCoverage(Answer):
    """Every mandate of the protocols in force at every place of the country."""

    country: str
    places: tuple[str, ...]
    holes: int
    served: tuple[CoveredPlace, ...]

    @classmethod
    def of(cls, found: Coverage, actor: Actor, words: Wording) -> CountryCoverage:
        """As this actor may see it."""
        return cls(
            country=found.country,
            places=tuple(found.places),
            holes=sum(one.no_agency for one in found.served),
            served=tuple(
                CoveredPlace(
                    mandate=Titled(code=one.mandate, title=words.code(one.mandate)),
                    place=one.place,
                    agency=None
                    if one.confidential and one.agency != actor.agency_key
                    else one.name,
                    via=one.via.value,
                    no_agency=one.no_agency,
                )
                for one in found.served
            ),
        )


@router.get("/coverage", response_model=CountryCoverage)
async def coverage(call: Reading, request: Request, asked: Headers) -> Response:
    """Which agency serves each mandate the protocols may ask for, at each place, and the holes."""
    needs_scope(call, Scope.DIRECTORY_READ)
    refusal = access.by_role(call.actor, "see_coverage")
    if refusal is not None:
        return refused(refusal, request)
    session, country = call.session, call.actor.country
    found = await coverage_of(
        session.connection, session.catalogue, country, session.day_in(country, call.now)
    )
    return answer(CountryCoverage.of(found, call.actor, asked.wording(call)))
