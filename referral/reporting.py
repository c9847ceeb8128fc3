"""The command that prints the monthly report of a country for a body's meeting.

A coordinator asks: what is in it is her figures of the country, under the floor, and her log says
that she printed it. Whoever else has figures prints hers from the pages.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from protocols.catalogue import Catalogue
from referral import coordinators
from referral.exports.monthly_report import monthly_report
from referral.options import AsJson, DataDir, settings_with
from referral.terminal import Terminal


def report(
    body: Annotated[str, typer.Option(help="For whom: COORDINATION, TASK_FORCE, …")],
    month: Annotated[str, typer.Option(help="2026-03; the last that is over, if not given.")] = "",
    country: coordinators.Country = None,
    member: coordinators.Member = None,
    pdf: Annotated[
        Path | None, typer.Option(help="Where to write it; named by itself, if not given.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """The monthly report of a country's figures as a PDF, in its own language."""
    terminal, law = Terminal(as_json), Catalogue.load(goes_on=True)
    with coordinators.answerable(terminal):
        iso2 = coordinators.country_of(law, body, country)
        if body not in law.country(iso2).mandates:
            message = f"A body {body}: nobody there has it. Name another body, or one --country."
            raise LookupError(message)
        found = coordinators.asked(
            *(settings_with(data_dir), law, member, iso2, "monthly report"),
            lambda session, actor, now: monthly_report(session, actor, month, body=body, now=now),
        )
    file = pdf or Path(found.name)
    file.write_bytes(found.content)
    told: dict[str, Any] = {"file": str(file), "bytes": len(found.content), **found.values}
    terminal.answer(told)
    terminal.say(f"{told['title']}, {told['month']}: {file}", *told["warnings"])
