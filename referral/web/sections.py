"""Pages that lead to pages: what a section has for this role, and what the bar has no room for."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from referral.entry import Reading
from referral.errors import not_found
from referral.web import navigation
from referral.web.navigation import Section
from referral.web.pages import PageRoute, error_page, page

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Listed:
    """Sections with their pages; one alone needs no heading of its own."""

    heading: str
    sections: tuple[Section, ...]


@router.get("/sections")
async def more(request: Request, call: Reading) -> Response:
    """Everything the bar does not lead to."""
    view = Listed("More", navigation.beyond_the_bar(call.actor.role))
    return page(request, "sections/list.html", view, title=view.heading, call=call)


@router.get("/sections/{key}")
async def section(request: Request, call: Reading, key: str) -> Response:
    """One section; where a role may open nothing of it, there is none."""
    found = next((one for one in navigation.sections_for(call.actor.role) if one.key == key), None)
    if found is None:
        return error_page(request, not_found(), call)
    view = Listed(found.words, (found,))
    return page(request, "sections/list.html", view, title=view.heading, call=call)
