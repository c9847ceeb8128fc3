"""The pilot view: the same figures before and since a version, or in its places and elsewhere."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from protocols.protocol import Protocol
from protocols.versions import PILOT
from referral.entry import Call, Reading
from referral.errors import Refusal
from referral.exports.pilots import MOST_MONTHS, By
from referral.figure_questions import Months, pilot_of
from referral.queries import Wanted
from referral.session import ReadSession
from referral.web import figure_words as words
from referral.web import pilot_words
from referral.web.fields import Params
from referral.web.figure_page import (
    WAITING,
    WHOSE,
    FiguresPage,
    choice_of,
    files_of,
    shown,
    teller,
    views,
)
from referral.web.figure_words import Teller
from referral.web.pages import PageRoute, error_page
from referral.web.pilot_sections import sections
from referral.web.places import places_of
from referral.web.wording import Clockface

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_SPANS: Final = (1, 2, 3, 6, 12, MOST_MONTHS)
Of = Annotated[str, Query(pattern=r"^([\w.-]{1,64}@[\w.-]{1,64})?$")]


@router.get("/oversight/figures/pilot")
async def pilot(
    request: Request, call: Reading, of: Of = "", by: By = By.TIME, months: Months = 6
) -> Response:
    """Both sides of one version, with what may be concluded from them."""
    versions = _versions(call)
    track, _, version = (of or _usual(call, versions)).partition("@")
    told = await pilot_of(call, track, version, by, months)
    if isinstance(told, Refusal):
        return error_page(request, told, call)
    tell, found = teller(call, told.wanted), told.found
    query = {"track": track, "version": version, "by": by.value, "months": str(months)}
    today = call.session.day_in(call.actor.country, call.now)
    say = pilot_words.Saying(found, await places_of(call), today)
    as_of = Clockface(call.actor.time_zone).moment(call.now)
    view = FiguresPage(
        heading=f"{tell.track(track)}, version {version}: {say.heading}",
        notes=(*say.notes, WHOSE[found.whose], f"As of {as_of}.", WAITING),
        conclusions=say.conclusions,
        sections=sections(tell, found, say),
        action=f"{words.HERE}/pilot",
        inputs=_inputs(tell, versions, query),
        files=files_of("pilot", query),
        views=views(Wanted()),
    )
    return shown(request, call, view)


def _versions(call: Call[ReadSession]) -> tuple[Protocol, ...]:
    """Of every track, the newest first."""
    found = call.session.catalogue.shelves[call.actor.country].versions
    newest = sorted(found, key=lambda one: one.in_force_from, reverse=True)
    return tuple(sorted(newest, key=lambda one: one.track))


def _usual(call: Call[ReadSession], versions: tuple[Protocol, ...]) -> str:
    """A pilot that runs; otherwise what took force last."""
    day = call.session.day_in(call.actor.country, call.now)
    begun = [one for one in versions if one.in_force_from <= day] or list(versions)
    one = max(begun, key=lambda one: (one.stage in PILOT, one.in_force_from))
    return f"{one.track}@{one.version}"


def _inputs(
    tell: Teller, versions: tuple[Protocol, ...], query: dict[str, str]
) -> tuple[tuple[str, Params], ...]:
    of = [(f"{one.track}@{one.version}", _named(tell, one)) for one in versions]
    spans = [(str(one), str(one)) for one in sorted({*_SPANS, int(query["months"])})]
    return (
        choice_of("of", "Version", of, f"{query['track']}@{query['version']}"),
        choice_of("by", "Compare", pilot_words.WAYS.items(), query["by"]),
        choice_of("months", "Months", spans, query["months"]),
    )


def _named(tell: Teller, one: Protocol) -> str:
    pilots = f", pilot in {', '.join(one.pilots_in)}" if one.stage in PILOT else ""
    return f"{tell.track(one.track)}, {one.version}{pilots}"
