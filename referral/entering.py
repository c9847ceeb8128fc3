"""Commands that enter something: people, tokens, registers of agencies, reports of other years.

A door: it hands in today's date. What is right to enter is other rooms' business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import asdict
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer

from agencies.duties import Role, Scope
from agencies.members import Kind
from agencies.seats import Refused, Seat
from protocols.catalogue import Catalogue
from referral import administration, installing, keeping
from referral.clock import utc_now
from referral.entry import Installation
from referral.intake import NotAMember, Report, TableFault, import_linea145
from referral.options import AsJson, DataDir, File, Since, day_of, group, settings_with
from referral.outcomes import Exit
from referral.terminal import Terminal

T = TypeVar("T")

members = group("People and systems of the directory.")
agencies = group("Agencies, their units and mandates.")
intake = group("Reports collected elsewhere.")


class Layout(StrEnum):
    """Files we can read."""

    AR_LINEA145 = "ar-linea145"


_READERS: Final = {Layout.AR_LINEA145: import_linea145}


@members.command("add")
def add_member(  # noqa: PLR0913, PLR0917 - the command line's parameters
    country: Annotated[str, typer.Option(help="ISO 3166-1 alpha-2.")],
    user_name: Annotated[str, typer.Option()],
    name: Annotated[str, typer.Option(help="As colleagues know her.")],
    agency: Annotated[str, typer.Option(help="Key of the agency.")],
    role: Annotated[Role, typer.Option()],
    unit: Annotated[str | None, typer.Option(help="Its intake unit if not given.")] = None,
    system: Annotated[bool, typer.Option("--system", help="A program, not a person.")] = False,
    since: Since = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add somebody with a first role; the password is random and told once."""
    terminal = Terminal(as_json)
    seat, kind = Seat(agency, role, unit), Kind.SYSTEM if system else Kind.PERSON
    with installing.database(settings_with(data_dir)) as addresses:
        url, on = addresses.of("migrator"), day_of(since)
        adding = administration.add_member(
            url, country.upper(), user_name, name, seat, on, kind=kind
        )
        added = _not_refused(terminal, asyncio.run(adding))
    terminal.answer(asdict(added))
    terminal.say(f"{user_name} was added as {role} of {agency}.")
    if added.password:
        terminal.say(f"Password, told this once: {added.password}")


@members.command("token")
def issue_token(
    user_name: Annotated[str, typer.Argument(help="Whose token: it can do what she can.")],
    scope: Annotated[list[Scope], typer.Option(help="What it may reach; repeat it.")],
    name: Annotated[str, typer.Option(help="What it is for.")] = "command line",
    days: Annotated[int, typer.Option(min=1, max=366, help="How long it is good.")] = 90,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Issue a bearer token for the API; it is told once and never satisfies a password."""
    terminal, now = Terminal(as_json), utc_now()
    with installing.database(settings_with(data_dir)) as addresses:
        issuing = administration.issue_token(
            addresses.of("migrator"), user_name, name, scope, now, now + timedelta(days=days)
        )
        issued = _not_refused(terminal, asyncio.run(issuing))
    terminal.answer(asdict(issued))
    terminal.say(f"Until {issued.expires_at:%Y-%m-%d}, told this once:", issued.token)


def _not_refused(terminal: Terminal, answer: T | Refused) -> T:
    if isinstance(answer, Refused):
        terminal.refuse(answer.explanation, Exit.MISUSE)
        raise typer.Exit(Exit.MISUSE)
    return answer


@agencies.command("import")
def import_agencies(
    file: File, since: Since = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Enter a register of agencies (YAML: a whole country; CSV: row by row). Idempotent."""
    terminal = Terminal(as_json)
    with installing.database(settings_with(data_dir)) as addresses:
        importing = administration.import_register(addresses.of("migrator"), file, day_of(since))
        entered = asyncio.run(importing)
    terminal.answer(asdict(entered))
    kinds = ("places", "agencies", "units", "mandates")
    rows = [(kind, *asdict(entered)[kind].values()) for kind in kinds]
    terminal.table(file.name, ("", *asdict(entered.agencies)), rows)
    terminal.say(*(str(problem) for problem in entered.problems))
    if entered.absent:
        terminal.say(f"No longer in the file, left as they are: {', '.join(entered.absent)}")
    if entered.problems:
        raise typer.Exit(Exit.PROBLEMS)


@intake.command("import")
def import_reports(
    file: File,
    layout: Annotated[Layout, typer.Option(help="Whose columns and labels these are.")],
    persons: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The persons, if apart.")
    ] = None,
    member: Annotated[str, typer.Option("--as", help="Who files them.")] = "hotline.ar",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """File reports of earlier years as history: no live limits, no notices. Repeat it safely."""
    terminal, settings = Terminal(as_json), settings_with(data_dir)
    reading = _READERS[layout]
    with installing.database(settings) as addresses, terminal.progress("complaints") as told:
        vault = keeping.vault_of(settings, embedded=addresses.embedded)
        law = Catalogue.load(goes_on=True)
        made = installing.installation(settings, addresses.of("app"), vault, law)
        try:
            report = asyncio.run(
                _imported(reading(made, member, file, persons, progress=told), made)
            )
        except (NotAMember, TableFault) as fault:
            terminal.refuse(str(fault), Exit.MISUSE)
            raise typer.Exit(Exit.MISUSE) from None
    terminal.answer(report.as_json())
    terminal.say(report.text())
    if report.refused or report.refused_persons:
        raise typer.Exit(Exit.PROBLEMS)


async def _imported(reading: Awaitable[Report], made: Installation) -> Report:
    try:
        return await reading
    finally:
        await made.engine.dispose()
