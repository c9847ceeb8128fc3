"""What stands around every page of figures: whose they are, the form on top, where else to look."""

# No ``from __future__ import annotations``: what a page depends on is known when it is opened.
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from referral.entry import Call, Reading
from referral.errors import Refusal
from referral.figure_questions import Told
from referral.figures import Figure, Figures, Period, months_on
from referral.queries import Wanted
from referral.queries.figure_rows import whose
from referral.session import ReadSession
from referral.web import figure_words as words
from referral.web.fields import Fields, Params, Sent
from referral.web.figure_tables import Section
from referral.web.figure_words import Teller, address
from referral.web.pages import error_page, page
from referral.web.wording import Clockface, Law

F = TypeVar("F")
Links = tuple[tuple[str, str], ...]  # address, name
Views = tuple[tuple[str, Links], ...]  # title, pages
Asker = Call[ReadSession]
WHOSE: Final = {
    "own": "Hand-offs you sent or received yourself.",
    "unit": "Hand-offs your unit sent or received, as far as you may open them.",
    "country": "The whole country. Numbers from 1 to 10 and what would give them away are hidden "
    "(c); a number with a plus is rounded down to tens.",
}
WAITING: Final = (
    "Times are Kaplan-Meier estimates: whoever still waits counts as waiting, so that nobody looks "
    "quick by answering only what is easy. A dash: not reached yet, or hidden."
)


@dataclass(frozen=True, slots=True)
class FiguresPage:
    """What every page of figures has."""

    heading: str
    notes: tuple[str, ...]
    sections: tuple[Section, ...]
    action: str = ""
    kept: tuple[tuple[str, str], ...] = ()
    inputs: tuple[tuple[str, Params], ...] = ()
    files: Links = ()
    conclusions: tuple[str, ...] = ()
    views: Views = ()


Layout = Callable[[Asker, Teller, Told[F]], FiguresPage]


def choice_of(
    name: str, label: str, options: Iterable[tuple[str, str]], value: str
) -> tuple[str, Params]:
    """A list to choose from: values and their words; ``value`` is chosen."""
    return "select", Fields(Sent({name: (value,)})).choice(name, label, [*options])


def month_input(make: Fields, name: str, label: str) -> Params:
    """A field for a month."""
    return make.text(name, label, type="month", classes="govuk-input--width-10")


def narrowed(tell: Teller, found: Iterable[Figure] = ()) -> tuple[str, ...]:
    """What the figures were narrowed to, in words."""
    group = tell.wanted.group
    parts = [tell.track(group.track)] if group.track else []
    parts += [tell.step(group)] if group.step else []
    parts += [one for one in (group.jurisdiction, group.version) if one]
    if group.agency_id:
        parts.append(next((one.name for one in found if one.name), None) or "one agency")
    return (f"Only: {', '.join(parts)}.",) if parts else ()


def notes(found: Figures, call: Asker) -> tuple[str, ...]:
    """Whose figures these are, as of when, and what is not over yet."""
    as_of = Clockface(call.actor.time_zone).moment(found.as_of)
    still = ", ".join(f"{one:%B %Y}" for one in found.open_months)
    more = f" Not over yet, and counted as it stands: {still}." if still else ""
    return WHOSE[found.whose], f"As of {as_of}.{more}", WAITING


def teller(call: Asker, wanted: Wanted) -> Teller:
    """Words for the caller."""
    law = Law(call.session.catalogue, call.actor.country)
    return Teller(law, wanted, whose(call.actor).value)


def spoken(period: Period) -> str:
    """A period in words."""
    first, last = period.begins, months_on(period.ends, -1)
    return f"{first:%B %Y}" if first == last else f"{first:%B %Y} to {last:%B %Y}"


def files_of(what: str, query: Mapping[str, str], of: str = "") -> Links:
    """An answer as JSON, CSV and XLSX; ``of``: which table, where a page has several."""
    return tuple(
        (f"/api/v1/oversight/{what}{ending}?{urlencode(query)}", f"{of} as {name}" if of else name)
        for ending, name in (("", "JSON"), (".csv", "CSV"), (".xlsx", "XLSX"))
    )


def views(wanted: Wanted) -> Views:
    """The pages of figures, by what one wants to know."""
    groups = tuple(
        (address("/groups", wanted, cut=one.value), f"By {name[0].lower()}{name[1:]}")
        for one, name in words.CUTS.items()
    )
    times = (
        ("/curve", "Curves"),
        ("/comparison", "Agencies compared"),
        ("/bottlenecks", "Where cases wait"),
    )
    stands_out = (
        ("/law-gaps", "Gaps in the law"),
        ("/senders", "Returns, and answers for others"),
        ("/pilot", "Pilot of a version"),
    )
    return (
        (
            "One month",
            ((words.HERE, "Figures of a month"), (address("/report", wanted), "Monthly report")),
        ),
        ("Groups side by side", groups),
        *(
            (title, tuple((address(to, wanted), told) for to, told in pages))
            for title, pages in (("How long it takes", times), ("What stands out", stands_out))
        ),
    )


def opens(
    router: APIRouter, here: str, asking: Callable[..., Awaitable[Told[F] | Refusal]]
) -> Callable[[Layout[F]], Layout[F]]:
    """Opens a page at ``here`` with the parameters of a question; what is decorated lays it out."""

    def opened(laid_out: Layout[F]) -> Layout[F]:
        async def door(
            request: Request, call: Reading, told: Annotated[Any, Depends(asking)]
        ) -> Response:
            if isinstance(told, Refusal):
                return error_page(request, told, call)
            view = laid_out(call, teller(call, told.wanted), told)
            return shown(request, call, _framed(here, told, view))

        router.get(f"{words.HERE}/{here}")(door)
        return laid_out

    return opened


def _framed(here: str, told: Told[Any], view: FiguresPage) -> FiguresPage:
    """With its months: in the heading, and on top to be changed; what narrows it stays."""
    query = told.wanted.query
    make = Fields(Sent({name: (value,) for name, value in query.items()}))
    months = (month_input(make, "since", "From"), month_input(make, "until", "Until"))
    chosen = {one["name"]: one["value"] for _, one in view.inputs}
    apart = {*chosen, "since", "until"}
    return replace(
        view,
        heading=f"{view.heading}, {spoken(told.period)}",
        action=f"{words.HERE}/{here}",
        kept=tuple((name, value) for name, value in query.items() if name not in apart),
        inputs=(*view.inputs, *(("input", one) for one in months)),
        files=view.files or files_of(here, query | chosen),
        views=(*views(told.wanted), *view.views),
    )


def shown(request: Request, call: Asker, view: FiguresPage) -> Response:
    """The page."""
    return page(request, "oversight/figures.html", view, title=view.heading, call=call)
