"""The monthly report: one month's figures as a document, in the country's language.

Asked as whoever prints it, so that it has her figures and no others: her own or her unit's exactly,
a country's under the floor. That it was printed is in her log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from protocols.country import said
from referral.audit import Done
from referral.audit.streams import log_own
from referral.errors import Refusal
from referral.exports import report_figures, report_law
from referral.exports.report_figures import Teller
from referral.exports.report_found import Found, found_in
from referral.exports.report_language import NONE, Tongue
from referral.exports.report_sheets import Part
from referral.exports.typesetting import typeset
from referral.figures import Figure, Measure, Times
from referral.queries.figure_rows import whose
from referral.session import Actor, ReadSession

_TEMPLATE: Final = "monthly_report.typ"
_COUNTED: Final = ("asked", "waiting", "working", "completed")


@dataclass(frozen=True, slots=True)
class Printed:
    """A document. ``values``: its words, as they were laid out."""

    name: str
    content: bytes
    values: dict[str, Any]


async def monthly_report(
    session: ReadSession, actor: Actor, month: str = "", *, body: str = "", now: datetime
) -> Printed | Refusal:
    """The report of a month written ``2026-03``; if none is named, of the last that is over.

    ``body``: the mandate of whom it is presented to, if it is for a meeting.
    """
    found = await found_in(session, actor, month, now=now)
    if isinstance(found, Refusal):
        return found
    values = values_of(Tongue(session.catalogue, actor.country), found, body=body)
    content = await asyncio.to_thread(typeset, _TEMPLATE, values, at=now)
    told = f"{found.month:%Y-%m}"
    act = Done.REPORT_PRINTED
    await log_own(session, actor, act, now=now, month=told, whose=whose(actor).value)
    name = f"report-{actor.country.lower()}-{told}.pdf"
    return Printed(name, content, values)


def values_of(tongue: Tongue, found: Found, *, body: str = "") -> dict[str, Any]:
    """Everything the document says, as plain values."""
    tell = Teller(tongue, floored=found.floored)
    parts = [asdict(one) for one in _parts(tell, found)]
    definitions = [[one["term"], one["words"]] for one in tongue.texts["definitions"].values()]
    before, after = tongue.texts["page"].split("{page}")
    month = tongue.month(found.month)
    return {
        "language": tongue.language,
        "title": tongue.texts["title"],
        "subtitle": tongue.texts["subtitle"],
        "month": month[0].upper() + month[1:],
        "about": list(_about(tongue, found, body)),
        "warnings": list(_warnings(tongue, found)),
        "brief": {"title": tongue.say("parts", "brief"), "cards": list(_cards(tell, found))},
        "parts": parts,
        "definitions": {"title": tongue.say("parts", "definitions"), "lines": definitions},
        "official": tongue.texts["official"],
        "unreviewed": "" if tongue.texts["reviewed"] else tongue.texts["unreviewed"],
        "page": [before, *after.split("{pages}")],
    }


def _about(tongue: Tongue, found: Found, body: str) -> Iterator[tuple[str, str]]:
    actor, name = found.actor, said(tongue.country.names, tongue.language)
    told = {
        "country": name,
        "body": tongue.body(body) if body else "",
        "covers": tongue.say("covers", whose(actor).value),
        "as_of": tongue.moment(found.overview.by_agency.as_of),
        "printed_at": tongue.moment(found.printed_at),
        "printed_by": ", ".join(
            (actor.name, tongue.say("roles", actor.role.value), actor.unit_name, actor.agency_name)
        ),
    }
    yield from ((tongue.say("about", what), words) for what, words in told.items() if words)


def _warnings(tongue: Tongue, found: Found) -> Iterator[str]:
    month = tongue.month(found.month)
    if found.overview.by_agency.open_months:
        moment = tongue.moment(found.overview.by_agency.as_of)
        yield tongue.say("notes", "open_month", month=month, moment=moment)
    if found.overview.figure.counts.asked == 0:
        yield tongue.say("notes", "empty", month=month)


def _cards(tell: Teller, found: Found) -> Iterator[tuple[str, str, str]]:
    """What it is called, the number, and the same of the month before."""
    say = tell.tongue.say
    both = (found.overview.figure, found.overview.before)
    rows = [(say("cards", n), *(tell.count(one, n) for one in both)) for n in _COUNTED]
    rows.append((say("cards", "accepted"), *(_median(tell, one) for one in both)))
    rows.append((say("cards", "kept"), *(tell.tongue.share(one.legal.share) for one in both)))
    yield from ((name, now, say("cards", "before", value=then)) for name, now, then in rows)


def _median(tell: Teller, one: Figure) -> str:
    told = one.times.get(Measure.ACCEPTED, Times()).median
    return NONE if told is None else tell.tongue.span(told)


def _parts(tell: Teller, found: Found) -> Iterator[Part]:
    """In the order of the document."""
    overview = found.overview
    legal, proposed = report_figures.limits(tell, overview)
    yield report_figures.monthly(tell, overview.series)
    yield report_figures.staged(tell, overview.figure)
    yield report_figures.accepted(tell, found.curve)
    yield replace(legal, sheets=(*legal.sheets, report_law.by_step(tell, found.bottlenecks)))
    yield report_law.open_now(tell, overview.by_track, found.late)
    yield report_figures.agencies(tell, overview.by_agency)
    yield report_figures.compared(tell, found.comparison)
    yield from report_law.returns(tell, found.returns)
    yield report_law.attested(tell, found.attested)
    yield report_law.bottlenecks(tell, found.bottlenecks)
    yield proposed
    yield report_law.gaps(tell, found.gaps)
    yield report_figures.errors(tell, overview.by_agency)
    yield report_law.versions(tell, found.in_force, found.versions)
