"""Who there is and what the law says, over JSON: agencies, protocols, the access matrix."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from agencies import directory
from agencies.directory import AgencyEntry, Serving
from agencies.identity import Scope
from protocols.protocol import Protocol, canonical
from referral import access, errors
from referral.api.answers import Answer, Source, Titled
from referral.api.shapes import Code, PlaceCode
from referral.api.wire import ROOT, Headers, Route, answer, links, refused
from referral.api.wording import Wording
from referral.entry import Call, Reading, needs_scope
from referral.errors import Fault, Refusal
from referral.session import Actor, ReadSession

router = APIRouter(prefix=ROOT, tags=["directory"], route_class=Route)


class Charged(Answer):
    """One mandate of an agency, and where it holds."""

    mandate: Titled
    place: str
    fall_back: bool


class Agency(Answer):
    """One agency. A confidential one has no name, no key and no id here."""

    id: UUID | None
    key: str | None
    name: str | None
    confidential: bool
    type: str
    level: str
    mandates: tuple[Charged, ...]

    @classmethod
    def of(cls, entry: AgencyEntry, actor: Actor, words: Wording) -> Agency:
        """As this actor may see it; her own agency always has its name."""
        hidden = entry.confidential and entry.id != actor.agency_id
        return cls(
            id=None if hidden else entry.id,
            key=None if hidden else entry.key,
            name=None if hidden else entry.name,
            confidential=entry.confidential,
            type=entry.type,
            level=entry.level,
            mandates=tuple(
                Charged(
                    mandate=Titled(code=one.mandate, title=words.code(one.mandate)),
                    place=one.jurisdiction,
                    fall_back=one.fall_back,
                )
                for one in entry.mandates
            ),
        )


class Served(Answer):
    """Who would be asked for a mandate at the place, and how that was found."""

    mandate: Titled
    agency: str | None
    unit: str | None
    via: str
    no_agency: bool
    alternates: int

    @classmethod
    def of(cls, found: Serving, actor: Actor, words: Wording) -> Served:
        """A confidential agency stays without a name."""
        mandate = Titled(code=found.ask.mandate, title=words.code(found.ask.mandate))
        unit = found.unit
        named = unit is not None and (not unit.confidential or unit.agency_id == actor.agency_id)
        return cls(
            mandate=mandate,
            agency=unit.agency_name if unit and named else None,
            unit=unit.unit_name if unit and named else None,
            via=found.via.value,
            no_agency=found.no_agency,
            alternates=len(found.alternates),
        )


class Agencies(Answer):
    """One page of the directory; ``serving`` when a place was asked about."""

    agencies: tuple[Agency, ...]
    serving: tuple[Served, ...] = ()


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
        call.session.connection, call.actor.country, call.now.date()
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
    return await directory.serving(connection, asks, call.now.date())


def _fits(entry: AgencyEntry, mandate: str | None, served: Iterable[Serving] | None) -> bool:
    if mandate is not None and mandate not in {one.mandate for one in entry.mandates}:
        return False
    if served is None:
        return True
    units = [unit for one in served for unit in (one.unit, *one.alternates) if unit is not None]
    return entry.id in {unit.agency_id for unit in units}


class Law(Answer):
    """One version of one track. ``law`` is the form whose SHA-256 (RFC 8785) is the digest."""

    country: str
    track: str
    title: str
    version: str
    in_force_from: date
    stage: str
    digest: str
    lawful_basis: str
    steps: tuple[Titled, ...]
    events: tuple[Titled, ...]
    sources: tuple[Source, ...]
    law: dict[str, Any]

    @classmethod
    def of(cls, protocol: Protocol, words: Wording) -> Law:
        """The whole protocol, as data and in words."""
        law = canonical(protocol)
        assert isinstance(law, dict), "the canonical form of a protocol is an object"  # noqa: S101
        cited = {one for step in protocol.steps.values() for one in step.sources}
        cited |= {one for clock in protocol.clocks.values() for one in clock.sources}
        return cls(
            country=protocol.country,
            track=protocol.track,
            title=words.track(protocol.track),
            version=protocol.version,
            in_force_from=protocol.in_force_from,
            stage=protocol.stage.value,
            digest=protocol.digest,
            lawful_basis=protocol.lawful_basis,
            steps=tuple(
                Titled(code=step, title=words.step(protocol.track, step)) for step in protocol.steps
            ),
            events=tuple(
                Titled(code=event.id, title=words.said(event.title))
                for event in protocol.events.values()
            ),
            sources=Source.all(words, sorted({*cited, *protocol.sources})),
            law=law,
        )


@router.get("/protocols/{country}/{track}", response_model=Law)
async def protocol_of(
    call: Reading,
    request: Request,
    asked: Headers,
    country: Code,
    track: Code,
    on: Annotated[
        date | None, Query(description="The day it stands on; today if left out.")
    ] = None,
) -> Response:
    """The version of a track that stands on a day: steps, limits, gates, sources, digest."""
    needs_scope(call, Scope.DIRECTORY_READ)
    refusal = access.by_role(call.actor, "see_protocols")
    if refusal is not None:
        return refused(refusal, request)
    catalogue = call.installation.catalogue
    if country.upper() not in catalogue.countries:
        return refused(_no_such("country", catalogue.countries), request)
    standing = catalogue.in_force(country, on or call.now.date())
    found = next((one for one in standing if one.track == track), None)
    if found is None:
        return refused(_no_such("track", [one.track for one in standing]), request)
    words = Wording.of(catalogue, country, asked.language)
    return answer(Law.of(found, words), headers={"ETag": f'"{found.digest}"'})


def _no_such(what: str, known: Iterable[str]) -> Refusal:
    names = list(known)
    return Refusal(
        404,
        f"unknown-{what}",
        f"There is no such {what}",
        f"On that day there are: {', '.join(names) or 'none'}.",
        {"allowed": names},
    )


class Matrix(Answer):
    """Who may do what: action, then relationship or role, then what the cell asks for.

    Y allowed, R a reason, S a password within 15 minutes, 2 a second person; no cell: denied.
    """

    on_a_case: dict[str, dict[str, str]]
    by_role: dict[str, dict[str, str]]


@router.get("/matrix", response_model=Matrix)
async def matrix(call: Reading) -> Response:
    """The access rules as data: the same file that decides."""
    needs_scope(call, Scope.DIRECTORY_READ)
    found = access.matrix()
    return answer(Matrix(on_a_case=_cells(found.on_a_case), by_role=_cells(found.by_role)))


def _cells(table: Any) -> dict[str, dict[str, str]]:
    return {
        action: {
            who.value: "".join(sorted(need.value for need in needs)) or "Y"
            for who, needs in row.items()
        }
        for action, row in table.items()
    }
