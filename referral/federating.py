"""Commands for what speaks for agencies: their identity providers.

A door: what an operator enters is checked and kept elsewhere. It must never know a secret.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from agencies.federation import NewProvider
from agencies.seats import Refused
from referral import administration, installing
from referral.options import AsJson, DataDir, group, settings_with
from referral.outcomes import Exit
from referral.terminal import Terminal

providers = group("Identity providers of agencies, through which their people sign in.")


@providers.command("add")
def add_provider(  # noqa: PLR0913, PLR0917 - the command line's parameters
    key: Annotated[str, typer.Argument(help="Small letters, digits, hyphens; part of addresses.")],
    name: Annotated[str, typer.Option(help="As people of the agency call it.")],
    country: Annotated[str, typer.Option(help="ISO 3166-1 alpha-2.")],
    issuer: Annotated[str, typer.Option(help="Exactly as the provider calls itself, https://…")],
    client_id: Annotated[str, typer.Option(help="What it calls this service.")],
    secret_file: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="The client secret; read when used.")
    ],
    agency: Annotated[str | None, typer.Option(help="Its key; else the whole country's.")] = None,
    two_factors: Annotated[
        list[str] | None,
        typer.Option(help="What it says after two factors: acr=VALUE or amr=VALUE; repeat it."),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a provider, or change the one with this key."""
    terminal = Terminal(as_json)
    given = NewProvider(
        *(key, name, country.upper(), agency, issuer, client_id),
        str(secret_file.resolve()),
        tuple(two_factors or ()),
    )
    with installing.database(settings_with(data_dir)) as addresses:
        kept = asyncio.run(administration.keep_provider(addresses.of("migrator"), given))
    if isinstance(kept, Refused):
        terminal.refuse(kept.explanation, Exit.MISUSE)
        raise typer.Exit(Exit.MISUSE)
    terminal.answer({**asdict(given), "id": str(kept)})
    back = f"/sign-in/provider/{key}/return"
    terminal.say(f"{name} is kept. Tell it that browsers come back to REFERRAL_SITE + {back}")


@providers.command("list")
def list_providers(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Every provider, those out of use too."""
    terminal = Terminal(as_json)
    with installing.database(settings_with(data_dir)) as addresses:
        found = asyncio.run(administration.providers(addresses.of("migrator")))
    terminal.answer({"providers": found})
    rows = [
        (one["key"], one["issuer"], one["agency"] or one["country"], one["active"]) for one in found
    ]
    terminal.table("Providers", ("key", "issuer", "speaks for", "in use"), rows)


@providers.command("end")
def end_provider(
    key: Annotated[str, typer.Argument()], data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Out of use at once: nobody comes in through it, and who is in through it is out."""
    terminal = Terminal(as_json)
    with installing.database(settings_with(data_dir)) as addresses:
        ended = asyncio.run(administration.end_provider(addresses.of("migrator"), key))
    if isinstance(ended, Refused):
        terminal.refuse(ended.explanation, Exit.MISUSE)
        raise typer.Exit(Exit.MISUSE)
    terminal.answer({"key": key, "sessions_ended": ended})
    terminal.say(f"{key} is out of use; sessions ended: {ended}.")
