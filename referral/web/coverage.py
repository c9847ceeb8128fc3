"""Where children have nobody: who serves each mandate in each area, as a map and as tables.

For coordinators. The areas are drawn here from outlines that ship with the pages; what is on the
map is in the tables too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from agencies.directory import Via
from referral import access
from referral.entry import Call, Reading
from referral.queries.coverage import Coverage, Served, coverage_of
from referral.session import Actor, ReadSession
from referral.web.fields import Fields, Params, Sent
from referral.web.lines import UNNAMED
from referral.web.pages import PageRoute, error_page, page
from referral.web.wording import LANGUAGE, Law

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_OUTLINES: Final = Path(__file__).parent / "outlines"
HOLE, FALL_BACK, COVERED = "hole", "fall-back", "covered"
_HOW: Final = {
    Via.DIRECT: "there",
    Via.ANCESTOR: "for the wider area",
    Via.GROUP: "for a group of areas",
    Via.DECLARED_FALL_BACK: "declared fall-back",
    Via.NATIONAL_FALL_BACK: "nobody: national fall-back",
}


@dataclass(frozen=True, slots=True)
class Area:
    """One area of the map: its outline, how well it is served, and that in words."""

    outline: str
    grade: str
    words: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """The map of a country, in pixels; None where there is no outline of it."""

    width: int
    height: int
    areas: tuple[Area, ...]


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """One place: what nobody holds there, and what only a fall-back takes."""

    name: str
    code: str
    holes: tuple[str, ...]
    fall_backs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AgencyLine:
    """One mandate at one place: who is asked, and how that was found."""

    place: str
    agency: str
    how: str
    grade: str


@dataclass(frozen=True, slots=True)
class CoveragePage:
    """The whole country under all mandates, or under one."""

    filters: tuple[tuple[str, Params], ...]
    question: str
    drawn: Drawn | None
    places: tuple[PlaceLine, ...]
    agencies: tuple[AgencyLine, ...]
    counts: tuple[tuple[str, str], ...]


@router.get("/coverage")
async def coverage(request: Request, call: Reading, mandate: str = "") -> Response:
    """Every mandate of the protocols at every place of the country, or one of them."""
    refusal = access.by_role(call.actor, "see_coverage")
    if refusal is not None:
        return error_page(request, refusal, call)
    view = await _view(call, mandate)
    return page(
        request, "directory/coverage.html", view, title="Coverage", call=call, sensitive=False
    )


async def _view(call: Call[ReadSession], mandate: str) -> CoveragePage:
    country, session = call.actor.country, call.session
    law = Law(session.catalogue, country)
    found = await coverage_of(
        session.connection, session.catalogue, country, session.day_in(country, call.now)
    )
    chosen = mandate if mandate in found.mandates else ""
    served = [one for one in found.served if chosen in ("", one.mandate)]
    by_place: dict[str, list[Served]] = {code: [] for code in found.places}
    for one in served:
        by_place[one.place].append(one)
    options = [(code, law.label(code)) for code in found.mandates]
    make = Fields(Sent({"mandate": (chosen,)}))
    return CoveragePage(
        filters=(("select", make.choice("mandate", "Who is asked as", options, empty="All")),),
        question=law.label(chosen) if chosen else "All mandates of the protocols",
        drawn=_drawn(country, by_place, found),
        places=() if chosen else _places(by_place, found, law),
        agencies=_agencies(served, found, call.actor) if chosen else (),
        counts=_counts(found),
    )


def _name(found: Coverage, code: str) -> str:
    names = found.places.get(code, {})
    return names.get(LANGUAGE) or next(iter(names.values()), code)


def _grade(served: Sequence[Served]) -> str:
    if any(one.no_agency for one in served):
        return HOLE
    return FALL_BACK if any(one.via is Via.DECLARED_FALL_BACK for one in served) else COVERED


def _drawn(country: str, by_place: Mapping[str, Sequence[Served]], found: Coverage) -> Drawn | None:
    outline = _outline(country)
    if outline is None:
        return None
    areas = tuple(
        Area(path, _grade(by_place.get(code, ())), _in_words(code, by_place.get(code, ()), found))
        for code, path in outline["areas"].items()
    )
    return Drawn(outline["width"], outline["height"], areas)


def _in_words(code: str, served: Sequence[Served], found: Coverage) -> str:
    missing = sum(one.no_agency for one in served)
    instead = sum(one.via is Via.DECLARED_FALL_BACK for one in served)
    told = f"{missing} of {len(served)} mandates without anybody" if missing else "everybody there"
    return f"{_name(found, code)}: {told}" + (f", {instead} by fall-back" if instead else "")


def _places(
    by_place: Mapping[str, Sequence[Served]], found: Coverage, law: Law
) -> tuple[PlaceLine, ...]:
    lines = (
        PlaceLine(
            _name(found, code),
            code,
            tuple(law.label(one.mandate) for one in served if one.no_agency),
            tuple(law.label(one.mandate) for one in served if one.via is Via.DECLARED_FALL_BACK),
        )
        for code, served in by_place.items()
        if served
    )
    return tuple(sorted(lines, key=lambda line: (-len(line.holes), line.name.casefold())))


def _agencies(served: Sequence[Served], found: Coverage, actor: Actor) -> tuple[AgencyLine, ...]:
    lines = (
        AgencyLine(
            _name(found, one.place),
            _agency(one, actor),
            _HOW[one.via],
            _grade((one,)),
        )
        for one in served
    )
    return tuple(sorted(lines, key=lambda line: line.place.casefold()))


def _agency(one: Served, actor: Actor) -> str:
    if one.confidential and actor.agency_key != one.agency:
        return UNNAMED
    return one.name or "Nobody"


def _counts(found: Coverage) -> tuple[tuple[str, str], ...]:
    holes = sum(one.no_agency for one in found.served)
    instead = sum(one.via is Via.DECLARED_FALL_BACK for one in found.served)
    return (
        (str(len(found.mandates)), "mandates asked for"),
        (str(len(found.places)), "places"),
        (str(holes), "times nobody is charged with it"),
        (str(instead), "times a fall-back takes it"),
    )


@cache
def _outline(country: str) -> dict[str, Any] | None:
    file = _OUTLINES / f"{country.lower()}.json"
    return json.loads(file.read_text("utf-8")) if file.is_file() else None
