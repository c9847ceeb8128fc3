"""The command that prints the agenda of a body's meeting: what is late or left lying, by reference.

A coordinator of the body's own unit asks. Nothing of a person is in it, and neither who asked nor
who was asked; whoever may know more opens the reference in the service.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from protocols.catalogue import Catalogue
from protocols.country import said
from referral import coordinators
from referral.options import AsJson, DataDir, settings_with
from referral.queries import Agenda, AgendaItem, agenda_in
from referral.session import law_of
from referral.terminal import Terminal

_WHY: Final = {
    "overdue": "past its limit",
    "left_lying": "left lying past its review",
    "limit": "a limit of the referral has passed",
}
_COLUMNS: Final = ("reference", "since", "met", "place", "state", "asked as", "matter")
_LOOK: Final = """
@page { size: A4; margin: 15mm }
body { font: 10pt/1.4 "Noto Sans", "Noto Sans Thai", Helvetica, Arial, sans-serif; color: #1b1f24 }
h1 { font-size: 16pt; margin: 0 0 2mm } h2 { font-size: 12pt; margin: 6mm 0 2mm }
table { border-collapse: collapse; width: 100% } tr { break-inside: avoid }
th, td { text-align: left; vertical-align: top; padding: 1.5mm 2mm }
th, td { border-bottom: .3mm solid #8b949e }
.quiet { color: #57606a }
"""


def agenda(
    body: Annotated[str, typer.Option(help="The mandate it meets as: COORDINATION, TASK_FORCE, …")],
    month: Annotated[str, typer.Option(help="2026-03")],
    country: coordinators.Country = None,
    member: coordinators.Member = None,
    html: Annotated[Path | None, typer.Option(help="Write it as a page to be printed.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """What a body's meeting has to deal with: overdue and stuck cases, by reference, no names."""
    terminal, law = Terminal(as_json), Catalogue.load(goes_on=True)
    with coordinators.answerable(terminal):
        iso2 = coordinators.country_of(law, body, country)
        found = coordinators.asked(
            *(settings_with(data_dir), law, member, iso2, "agenda of a meeting"),
            lambda session, actor, now: agenda_in(session, actor, body, month, now=now),
        )
    plain = plain_agenda(found, law, iso2)
    if html is not None:
        html.write_text(agenda_html(plain), encoding="utf-8")
    terminal.answer(plain)
    terminal.say(plain["title"], plain["made"], "")
    for heading, items in _parts(plain):
        terminal.table(heading, _COLUMNS, [_cells(one) for one in items])


def plain_agenda(found: Agenda, law: Catalogue, country: str) -> dict[str, Any]:
    """The agenda in words, as plain values: for the terminal, for programs, for paper."""
    own = law.country(country)
    language, zone = own.languages[0], ZoneInfo(own.time_zone)

    def item(one: AgendaItem) -> dict[str, Any]:
        protocol = law_of(law, country, one)
        step = protocol.steps.get(one.step) if protocol else None
        return {
            "reference": one.reference,
            "step": one.step,
            "title": said(step.title, language) if step else one.step,
            "mandate": one.mandate,
            "asked_as": own.label(one.mandate, language) if one.mandate else "–",
            "place": one.jurisdiction,
            "state": one.state,
            "why": one.why,
            "since": one.since.isoformat(),
            "since_day": one.since.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
            "met": one.met,
            "new": one.new,
        }

    items = [item(one) for one in found.items]
    return {
        "title": f"Agenda {found.month:%Y-%m}: {own.label(found.body, language)}",
        "made": f"Made {_local(found.made_at, zone)}; {len(items)} matters"
        + (", and more than these" if found.more else ""),
        "language": language,
        "country": country,
        "body": found.body,
        "month": f"{found.month:%Y-%m}",
        "more": found.more,
        "items": items,
    }


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"


def _parts(plain: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    old = [one for one in plain["items"] if not one["new"]]
    yield f"Carried over from before {plain['month']} ({len(old)})", old
    new = [one for one in plain["items"] if one["new"]]
    yield f"Late since {plain['month']} ({len(new)})", new


def _cells(one: dict[str, Any]) -> tuple[str, ...]:
    met = f"{one['met']}×" if one["met"] else "–"
    matter = f"{one['title']} [{one['step']}], {_WHY[one['why']]}"
    names = ("place", "state", "asked_as")
    return (one["reference"], one["since_day"], met, *(str(one[name]) for name in names), matter)


def agenda_html(plain: dict[str, Any]) -> str:
    """One page to be printed: whole in itself, loads nothing and runs nothing.

    Its own words are English; those of the law, marked as such, are the country's.
    """
    heads = "".join(f"<th scope=col>{escape(name.capitalize())}</th>" for name in _COLUMNS)
    parts = "".join(
        f"<h2>{escape(heading)}</h2><table><thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(_row(one, plain['language']) for one in items)}</tbody></table>"
        for heading, items in _parts(plain)
    )
    title = escape(plain["title"])
    head = f'<meta charset="utf-8"><title>{title}</title><style>{_LOOK}</style>'
    body = f'<h1>{title}</h1><p class="quiet">{escape(plain["made"])}</p>{parts}'
    page = f"<head>{head}</head><body>{body}</body>"
    return f'<!doctype html><html lang="en">{page}</html>\n'


def _row(one: dict[str, Any], language: str) -> str:
    *own, asked_as, matter = _cells(one)
    plain = "".join(f"<td>{escape(cell)}</td>" for cell in own)
    law = "".join(
        f'<td lang="{escape(language)}">{escape(cell)}</td>' for cell in (asked_as, matter)
    )
    return f"<tr>{plain}{law}</tr>"
