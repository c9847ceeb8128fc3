"""Answers given in others' names, by sender; what came back, and who came again."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from referral import queries
from referral.entry import Reading
from referral.errors import Refusal
from referral.figures import Figure
from referral.queries import Returns, SenderActs, Wanted
from referral.web import figure_words as words
from referral.web.figure_page import (
    Asked,
    FiguresPage,
    files,
    filters,
    shown,
    spoken,
    teller,
    views,
)
from referral.web.figure_tables import Cell, Row, Section, Table, cells
from referral.web.figure_words import Teller
from referral.web.pages import PageRoute, error_page
from referral.web.wording import Clockface

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/oversight/figures/senders")
async def senders(request: Request, call: Reading, wanted: Asked) -> Response:
    """Answers given in another's name by sender; what came back, and who came again."""
    asked = wanted.read(call.session, call.actor, call.now)
    if isinstance(asked, Refusal):
        return error_page(request, asked, call)
    period, _ = asked
    attested = await queries.attested_in(call.session, call.actor, period, now=call.now)
    returns = await queries.returns_in(call.session, call.actor, period, now=call.now)
    if isinstance(attested, Refusal):
        return error_page(request, attested, call)
    if isinstance(returns, Refusal):
        return error_page(request, returns, call)
    wanted = Wanted().over(period)
    tell, clock = teller(call, wanted), Clockface(call.actor.time_zone)
    left = (("Case by case", (("/oversight#idle", "Accepted, and then idle"),)),)
    idle = left if tell.whose == "unit" else ()
    view = FiguresPage(
        heading=f"Returns, and answers for others, {spoken(period)}",
        notes=(),
        sections=(_attested(tell, clock, attested), *_returns(tell, returns)),
        **filters("/senders", wanted, None),
        files=(
            *files("attested", wanted, "Answers for others"),
            *files("returns", wanted, "Returns"),
        ),
        views=(*views(wanted), *idle),
    )
    return shown(request, view, call)


def _attested(tell: Teller, clock: Clockface, found: tuple[SenderActs, ...]) -> Section:
    rows = []
    for one in found:
        told = (words.number(one.attested), words.number(one.unconfirmed))
        oldest = clock.moment(one.oldest_unconfirmed)
        rows.append(Row(tell.law.label(one.unit), cells((*told, oldest))))
    title = "Answers given in another's name, by sender"
    columns = ("Given", "Not confirmed", "The oldest not confirmed")
    return Section(title, Table(title, "Sender", columns, tuple(rows), "Nobody gave any."))


def _returns(tell: Teller, found: Returns) -> tuple[Section, ...]:
    names = ("returned", "asked_again")
    again = tuple(Row(tell.track(t), cells((words.number(n),))) for t, n in found.by_track)
    came = tuple(_returned(tell, one, names) for one in found.by_agency)
    whole = words.number(found.re_entries, about=tell.floored)
    title = "Came back after it was taken, or was asked again"
    columns = ("Came back", "Asked again")
    entries = Table("Came again", "Track", ("New referrals",), again, "Nobody came again.")
    return (
        Section(title, Table(title, "Agency asked", columns, came)),
        Section("Came again after closure", entries, (f"{whole} in all.",)),
    )


def _returned(tell: Teller, one: Figure, names: tuple[str, ...]) -> Row:
    made = []
    for name in names:
        count = getattr(one.counts, name)
        made.append(Cell(words.number(count), tell.behind(one.group, name, count)))
    return Row(tell.law.label(one.name or "?"), tuple(made))
