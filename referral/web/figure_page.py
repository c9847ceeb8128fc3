"""What stands around every page of figures: whose they are, the form on top, where else to look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from fastapi import Request, Response

from referral.entry import Call
from referral.figures import Figures, Period, months_on
from referral.queries import Wanted
from referral.queries.figure_rows import whose
from referral.session import ReadSession
from referral.web import figure_words as words
from referral.web.fields import Fields, Params, Sent
from referral.web.figure_tables import Section
from referral.web.figure_words import Teller, address
from referral.web.pages import page
from referral.web.wording import Clockface, Law

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


def choice_of(
    name: str, label: str, options: Iterable[tuple[str, str]], value: str
) -> tuple[str, Params]:
    """A list to choose from: values and their words; ``value`` is chosen."""
    return "select", Fields(Sent({name: (value,)})).choice(name, label, [*options])


def month_input(make: Fields, name: str, label: str) -> Params:
    """A field for a month."""
    return make.text(name, label, type="month", classes="govuk-input--width-10")


def notes(found: Figures, call: Asker) -> tuple[str, ...]:
    """Whose figures these are, as of when, and what is not over yet."""
    as_of = Clockface(call.actor.time_zone).moment(found.as_of)
    still = ", ".join(f"{one:%B %Y}" for one in found.open_months)
    more = f" Not over yet, and counted as it stands: {still}." if still else ""
    return WHOSE[found.whose], f"As of {as_of}.{more}", WAITING


def teller(call: Asker, wanted: Wanted) -> Teller:
    """Words for the caller."""
    return Teller(Law(call.session.catalogue, call.actor.country), wanted, whose(call.actor).value)


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

    def to(page: str, name: str, **more: str) -> tuple[str, str]:
        return address(page, wanted, **more), name

    cuts = ((one, f"By {name[0].lower()}{name[1:]}") for one, name in words.CUTS.items())
    times = (
        to("/curve", "Curves"),
        to("/comparison", "Agencies compared"),
        to("/bottlenecks", "Where cases wait"),
    )
    stands_out = (
        to("/law-gaps", "Gaps in the law"),
        to("/senders", "Returns, and answers for others"),
        to("/pilot", "Pilot of a version"),
    )
    return (
        ("One month", ((words.HERE, "Figures of a month"), to("/report", "Monthly report"))),
        ("Groups side by side", tuple(to("/groups", name, cut=one) for one, name in cuts)),
        ("How long it takes", times),
        ("What stands out", stands_out),
    )


def shown(request: Request, call: Asker, view: FiguresPage) -> Response:
    """The page."""
    return page(request, "oversight/figures.html", view, title=view.heading, call=call)
