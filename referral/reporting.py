"""The command that prints the monthly report of a country for a body's meeting.

A coordinator asks: what is in it is her figures of the country, under the floor, and her log says
that she printed it. Whoever else has figures prints hers from the pages.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from protocols.catalogue import Catalogue
from referral import installing, keeping
from referral.entry import Installation
from referral.errors import Refusal
from referral.exports.monthly_report import Printed, monthly_report
from referral.intake.acting import NotAMember, coordinating
from referral.options import AsJson, DataDir, settings_with
from referral.outcomes import Exit
from referral.terminal import Terminal


def report(
    body: Annotated[str, typer.Option(help="For whom: COORDINATION, TASK_FORCE, …")],
    month: Annotated[str, typer.Option(help="2026-03; the last that is over, if not given.")] = "",
    country: Annotated[
        str | None, typer.Option(help="ISO 3166-1 alpha-2; needed if several have the body.")
    ] = None,
    member: Annotated[
        str | None, typer.Option("--as", help="The coordinator who asks; needed if several are.")
    ] = None,
    pdf: Annotated[
        Path | None, typer.Option(help="Where to write it; named by itself, if not given.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """The monthly report of a country's figures as a PDF, in its own language."""
    terminal, settings = Terminal(as_json), settings_with(data_dir)
    law = Catalogue.load(goes_on=True)
    try:
        iso2 = _country_of(law, body, country)
        with installing.database(settings) as addresses:
            vault = keeping.vault_of(settings, embedded=addresses.embedded)
            made = installing.installation(settings, addresses.of("app"), vault, law)
            found = asyncio.run(_printed(made, member, iso2, body, month))
    except (LookupError, NotAMember) as fault:
        terminal.refuse(str(fault.args[0]), Exit.MISUSE)
        raise typer.Exit(Exit.MISUSE) from None
    file = pdf or Path(found.name)
    file.write_bytes(found.content)
    told: dict[str, Any] = {"file": str(file), "bytes": len(found.content), **found.values}
    terminal.answer(told)
    terminal.say(f"{told['title']}, {told['month']}: {file}", *told["warnings"])


def _country_of(law: Catalogue, body: str, country: str | None) -> str:
    """The country of the body. Raises LookupError."""
    asked = (country.upper(),) if country else law.countries
    having = [one for one in asked if body in law.country(one).mandates]
    if len(having) != 1:
        known = f"{', '.join(having)} have it" if having else "nobody there has it"
        raise LookupError(f"A body {body}: {known}. Name another body, or one --country.")
    return having[0]


async def _printed(
    made: Installation, member: str | None, country: str, body: str, month: str
) -> Printed:
    """Raises LookupError with what is wrong, NotAMember when nobody may ask."""
    try:
        async with (
            coordinating(made, member, country, "monthly report") as coordinator,
            coordinator.turn() as (session, actor, now),
        ):
            found = await monthly_report(session, actor, month, body=body, now=now)
    finally:
        await made.engine.dispose()
    if isinstance(found, Refusal):
        told = [one["message"] for one in found.extra.get("errors", ())] or [found.detail]
        raise LookupError(" ".join(told))  # noqa: TRY004 - a value that says what is wrong
    return found
