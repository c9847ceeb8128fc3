"""The command that makes the local guide: the law's procedure with the directory's bodies in it.

Works from the country's register as written, without a database. It must never know a case.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from agencies.register import COUNTRIES, Register, read
from agencies.register.lookup import who_serves
from protocols.catalogue import Catalogue
from protocols.country import Country, said
from protocols.diagram.procedure import procedure_svg
from protocols.guide.cards import guide_html
from protocols.guide.directory import Contact, Directory
from protocols.guide.local import local_guide
from protocols.guide.printed import guide_text
from protocols.telling import told
from referral.options import AsJson, Since, day_of
from referral.outcomes import Exit
from referral.terminal import Terminal


def guide(
    country: Annotated[str, typer.Argument(help="ISO 3166-1 alpha-2.")],
    track: Annotated[str, typer.Argument()],
    place: Annotated[str, typer.Option(help="ISO 3166-2, or a locality of the register.")],
    language: Annotated[str | None, typer.Option(help="The country's first if not given.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the page with pocket cards.")] = None,
    on: Since = None,
    as_json: AsJson = False,
) -> None:
    """In this town: whom to ask, by when, with which letter, and what if nobody answers."""
    terminal = Terminal(as_json)
    file = COUNTRIES / f"{country.lower()}.yaml"
    try:
        catalogue = Catalogue.load(only=(country,))
        asked = told(catalogue, country, track, None, language, place)
        register = read(file)
        town = town_of(register, asked.say.country, place, day_of(on), asked.say.language)
    except LookupError as error:
        terminal.refuse(str(error.args[0]), Exit.MISUSE)
        raise typer.Exit(Exit.MISUSE) from error
    plain = local_guide(asked.plain, asked.say, town)
    if html is not None:
        page = guide_html(plain, asked.say, procedure_svg(asked.plain, asked.say))
        html.write_text(page, encoding="utf-8")
    terminal.answer(plain)
    terminal.say(guide_text(plain, asked.say))


def town_of(register: Register, law: Country, place: str, on: date, language: str) -> Directory:
    """Every mandate of the country, as served at this place. Raises LookupError."""
    names = {one.code: one.names for one in register.places if one.kind != "group"}
    if place not in names:
        message = f"{law.iso2} has no place '{place}'; there are: {', '.join(sorted(names))}"
        raise LookupError(message)
    return Directory(
        place,
        said(names[place], language),
        _contacts(register, law, place, on, language, national=False),
        _contacts(register, law, place, on, language, national=True),
    )


def _contacts(
    register: Register, law: Country, place: str, on: date, language: str, *, national: bool
) -> dict[str, Contact]:
    contacts = {}
    for mandate in law.mandates:
        found = who_serves(register, mandate, place, on, national=national)
        if found is None:
            continue
        if found.body.confidential:
            contacts[mandate] = Contact(confidential=True)
            continue
        name = said(found.body.names, language)
        contacts[mandate] = Contact(name, found.desk.name, stands_in=found.no_agency)
    return contacts
