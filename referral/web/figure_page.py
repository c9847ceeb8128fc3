"""What stands around every page of figures: whose they are, the form on top, where else to look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Depends, Request, Response

from referral.entry import Call
from referral.figures import Cut, Figure, Figures, Period, months_on
from referral.queries import Wanted
from referral.queries.figure_rows import whose
from referral.web import figure_words as words
from referral.web.fields import Fields, Params, Sent
from referral.web.figure_tables import Section
from referral.web.figure_words import Teller, address
from referral.web.pages import page
from referral.web.wording import Clockface, Law

Asked = Annotated[Wanted, Depends()]
Views = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]  # title, pages as address and name
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
    files: tuple[tuple[str, str], ...] = ()
    conclusions: tuple[str, ...] = ()
    views: Views = ()


def filters(action: str, wanted: Wanted, cut: Cut | None) -> dict[str, Any]:
    """The form on top: by what, from when until when; what is narrowed to stays."""
    make = Fields(Sent({**{n: (v,) for n, v in wanted.query.items()}, "cut": (cut or "",)}))
    inputs = [
        ("input", month_input(make, "since", "From")),
        ("input", month_input(make, "until", "Until")),
    ]
    if cut is not None:
        inputs.insert(0, ("select", make.choice("cut", "By", [*words.CUTS.items()])))
    kept = tuple((n, v) for n, v in wanted.query.items() if n not in {"since", "until"})
    return {"action": words.HERE + action, "inputs": tuple(inputs), "kept": kept}


def month_input(make: Fields, name: str, label: str) -> Params:
    """A field for a month."""
    return make.text(name, label, type="month", classes="govuk-input--width-10")


def narrowed(tell: Teller, wanted: Wanted, found: Iterable[Figure]) -> tuple[str, ...]:
    """What the figures were narrowed to, in words."""
    group = wanted.group
    parts = [tell.track(group.track)] if group.track else []
    parts += [tell.step(group)] if group.step else []
    parts += [one for one in (group.jurisdiction, group.version) if one]
    if group.agency_id:
        parts.append(next((one.name for one in found if one.name), None) or "one agency")
    return (f"Only: {', '.join(parts)}.",) if parts else ()


def notes(found: Figures, call: Call[Any]) -> tuple[str, ...]:
    """Whose figures these are, as of when, and what is not over yet."""
    as_of = Clockface(call.actor.time_zone).moment(found.as_of)
    still = ", ".join(f"{one:%B %Y}" for one in found.open_months)
    more = f" Not over yet, and counted as it stands: {still}." if still else ""
    return WHOSE[found.whose], f"As of {as_of}.{more}", WAITING


def teller(call: Call[Any], wanted: Wanted) -> Teller:
    """Words for the caller."""
    law = Law(call.session.catalogue, call.actor.country)
    return Teller(law, wanted, whose(call.actor).value)


def spoken(period: Period) -> str:
    """A period in words."""
    first, last = period.begins, months_on(period.ends, -1)
    return f"{first:%B %Y}" if first == last else f"{first:%B %Y} to {last:%B %Y}"


def files(what: str, wanted: Wanted, of: str = "", **more: str) -> tuple[tuple[str, str], ...]:
    """The same as files; ``of``: which table, where a page has several."""
    return files_at(what, urlencode({**wanted.query, **more}), of)


def files_at(what: str, query: str, of: str = "") -> tuple[tuple[str, str], ...]:
    """Where an answer is as JSON, CSV and XLSX."""
    return tuple(
        (f"/api/v1/oversight/{what}{ending}?{query}", f"{of} as {name}" if of else name)
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


def shown(request: Request, view: FiguresPage, call: Call[Any]) -> Response:
    """The page."""
    return page(request, "oversight/figures.html", view, title=view.heading, call=call)
