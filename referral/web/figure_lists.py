"""The hand-offs behind a figure, for whoever may open them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request, Response

from referral import queries
from referral.entry import Reading
from referral.errors import Refusal
from referral.web import figure_words as words
from referral.web.figure_page import Asked, narrowed, spoken, teller
from referral.web.lines import Line, Reader
from referral.web.pages import PageRoute, error_page, page

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_WHAT: Final = {
    **words.COUNTED,
    "missed": "Missed a limit",
    "attested": "Answered in another's name",
    "unconfirmed": "Answered in another's name, not confirmed",
    "no_contact": "Completed without contact with the person",
    "errors": "Times out of order",
    "imported": "Imported",
}


@dataclass(frozen=True, slots=True)
class BehindPage:
    """The list, and where its next page is."""

    heading: str
    notes: tuple[str, ...]
    lines: tuple[Line, ...]
    back: str
    onward: str | None


@router.get("/oversight/figures/behind")
async def behind(
    request: Request, call: Reading, wanted: Asked, what: str = "asked", after: str = ""
) -> Response:
    """As many as the figure says; to who oversees the country none is shown."""
    asked = wanted.read(call.session, call.actor, call.now)
    if isinstance(asked, Refusal):
        return error_page(request, asked, call)
    period, only = asked
    found = await queries.behind_figure(
        *(call.session, call.actor, period),
        only=only,
        what=what,
        after=after or None,
        now=call.now,
    )
    if isinstance(found, Refusal):
        return error_page(request, found, call)
    wanted, reader = wanted.over(period), Reader.of(call)
    more = {"what": what, "after": found.after} if found.after else None
    tell = teller(call, wanted)
    nobody = ("Who oversees the country opens no hand-off: there is no list.",)
    view = BehindPage(
        heading=f"{_WHAT.get(what, what)}, {spoken(period)}",
        notes=(*narrowed(tell, wanted, ()), *(nobody if tell.floored else ())),
        lines=tuple(reader.line(one) for one in found.lines),
        back=words.address("/groups", wanted, cut="agency"),
        onward=words.address("/behind", wanted, **more) if more else None,
    )
    return page(request, "oversight/behind.html", view, title=view.heading, call=call)
