"""Who there is, who is asked where, and what the protocols say: open to everybody who signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from agencies import directory
from agencies.directory import AgencyEntry, Ask, Via
from protocols.country import said
from protocols.explain import procedure
from protocols.protocol import Protocol
from protocols.vocabulary import load_vocabulary
from referral import access
from referral.entry import Call, Reading
from referral.errors import not_found
from referral.session import Actor, ReadSession
from referral.web.fields import Fields, Params, Sent
from referral.web.lines import UNNAMED
from referral.web.pages import PageRoute, error_page, page
from referral.web.places import places_of
from referral.web.wording import LANGUAGE, Citation, Law

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_VIA: Final = {
    Via.DIRECT: "charged with it there",
    Via.ANCESTOR: "charged with it for the wider area",
    Via.GROUP: "charged with it for a group of provinces",
    Via.DECLARED_FALL_BACK: "declared fall-back: nobody holds it there",
    Via.NATIONAL_FALL_BACK: "national fall-back: nobody is charged with it there",
}


@dataclass(frozen=True, slots=True)
class AgencyShown:
    """One agency; a confidential one only by what it is charged with."""

    name: str
    type: str
    level: str
    mandates: tuple[tuple[str, str], ...]  # mandate, places


@dataclass(frozen=True, slots=True)
class Answer:
    """Who would be asked."""

    question: str
    agency: str
    how: str
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DirectoryPage:
    """The directory, and who is asked for one mandate at one place."""

    filters: tuple[tuple[str, Params], ...]
    answer: Answer | None
    agencies: tuple[AgencyShown, ...]


@dataclass(frozen=True, slots=True)
class Track:
    """One track in force."""

    title: str
    address: str
    version: str
    stage: str


@dataclass(frozen=True, slots=True)
class ProtocolPage:
    """A track as the procedure an official would sign; ``words`` is the prose of its steps."""

    words: dict[str, Any]
    sources: tuple[tuple[str, tuple[Citation, ...]], ...]


def _today(call: Call[ReadSession]) -> date:
    return call.session.day_in(call.actor.country, call.now)


@router.get("/agencies")
async def agencies(request: Request, call: Reading, mandate: str = "", place: str = "") -> Response:
    """Every agency with its mandates; with a mandate and a place, who is asked there."""
    refusal = access.by_role(call.actor, "see_directory")
    if refusal is not None:
        return error_page(request, refusal, call)
    law, on, connection = (
        Law(call.installation.catalogue, call.actor.country),
        _today(call),
        call.session.connection,
    )
    entries = await directory.agencies_in(connection, call.actor.country, on)
    places = await places_of(call)
    answer = None
    if mandate in law.country.mandates and place in places:
        answer = await _answer(call, law, Ask(mandate, place), places[place], on)
    make = Fields(Sent({"mandate": (mandate,), "place": (place,)}))
    mandates = [(code, law.label(code)) for code in law.country.mandates]
    filters = (
        ("select", make.choice("mandate", "Who is asked as", mandates, empty="Choose a mandate")),
        ("select", make.choice("place", "in", list(places.items()), empty="Choose a place")),
    )
    shown = tuple(_shown(entry, call.actor, law, places) for entry in entries)
    view = DirectoryPage(filters, answer, tuple(sorted(shown, key=lambda one: one.name.casefold())))
    return page(
        request, "directory/agencies.html", view, title="Directory", call=call, sensitive=False
    )


async def _answer(call: Call[Any], law: Law, ask: Ask, place: str, on: date) -> Answer:
    found = (await directory.serving(call.session.connection, [ask], on))[0]

    def named(unit: directory.UnitRef) -> str:
        hidden = unit.confidential and unit.agency_id != call.actor.agency_id
        return UNNAMED if hidden else f"{unit.agency_name}, {unit.unit_name}"

    return Answer(
        question=f"{law.label(ask.mandate)} in {place}",
        agency=named(found.unit) if found.unit else "Nobody: the asker keeps what it has",
        how=_VIA[found.via],
        others=tuple(named(unit) for unit in found.alternates),
    )


def _shown(entry: AgencyEntry, actor: Actor, law: Law, places: dict[str, str]) -> AgencyShown:
    hidden = entry.confidential and entry.id != actor.agency_id
    held: dict[str, list[str]] = {}
    for one in entry.mandates:
        where = places.get(one.jurisdiction, one.jurisdiction) + (
            " (fall-back)" if one.fall_back else ""
        )
        held.setdefault(law.label(one.mandate), []).append(where)
    return AgencyShown(
        name=UNNAMED if hidden else entry.name,
        type=entry.type.replace("_", " ").capitalize(),
        level=entry.level.capitalize(),
        mandates=tuple((mandate, ", ".join(where)) for mandate, where in held.items()),
    )


@router.get("/protocols")
async def protocols(request: Request, call: Reading) -> Response:
    """The tracks that stand today."""
    found = call.installation.catalogue.in_force(call.actor.country, _today(call))
    view = tuple(
        Track(
            said(one.title, LANGUAGE),
            f"/protocols/{one.country.lower()}/{one.track}",
            one.version,
            one.stage.value,
        )
        for one in found
    )
    return page(
        request, "directory/protocols.html", view, title="Protocols", call=call, sensitive=False
    )


@router.get("/protocols/{country}/{track}")
async def protocol(request: Request, call: Reading, country: str, track: str) -> Response:
    """One track in words: who, what, by when, on which article."""
    catalogue = call.installation.catalogue
    if country.upper() not in catalogue.countries:
        return error_page(request, not_found(), call)
    found = next((p for p in catalogue.in_force(country, _today(call)) if p.track == track), None)
    if found is None:
        return error_page(request, not_found(), call)
    view = _protocol(found, Law(catalogue, country))
    return page(
        request, "directory/protocol.html", view, title="Protocol", call=call, sensitive=False
    )


def _protocol(found: Protocol, law: Law) -> ProtocolPage:
    words = procedure(found, law.country, load_vocabulary(), LANGUAGE)
    sources = tuple(
        (step["id"], law.cited(one["id"] for one in step["sources"])) for step in words["steps"]
    )
    return ProtocolPage(words, sources)
