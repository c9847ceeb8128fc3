"""Commands for what speaks for agencies: identity providers, own systems, where those are told.

A door: what an operator enters is checked and kept elsewhere. It must never know a secret.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from agencies.duties import Scope
from agencies.federation import NewProvider
from agencies.hosts import Host, read
from agencies.seats import Refused
from referral import administration, installing
from referral.clock import utc_now
from referral.options import AsJson, DataDir, group, settings_with
from referral.outcomes import Exit
from referral.terminal import Terminal

clients = group("Agencies' own systems, which ask for tokens at /oauth/token.")
webhooks = group("Hosts that agencies' systems may be told at (webhooks).")
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


@clients.command("add")
def add_client(
    user_name: Annotated[
        str, typer.Argument(help="The system's user name (members add --system).")
    ],
    scope: Annotated[list[Scope], typer.Option(help="What its tokens may reach; repeat it.")],
    public_keys: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="JSON Web Key Set, where it signs."),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a client: with a secret told once, or with the public keys it signs with."""
    terminal = Terminal(as_json)
    try:
        keys = json.loads(public_keys.read_text("utf-8")) if public_keys else None
    except ValueError:
        terminal.refuse(f"{public_keys} is no JSON.", Exit.MISUSE)
        raise typer.Exit(Exit.MISUSE) from None
    with installing.database(settings_with(data_dir)) as addresses:
        adding = administration.add_client(
            addresses.of("migrator"), user_name, scope, keys, utc_now()
        )
        added = asyncio.run(adding)
    if isinstance(added, Refused):
        terminal.refuse(added.explanation, Exit.MISUSE)
        raise typer.Exit(Exit.MISUSE)
    terminal.answer(asdict(added))
    terminal.say(f"Client: {added.client_id}")
    if added.secret:
        terminal.say(f"Secret, told this once: {added.secret}")


@clients.command("end")
def end_client(
    client_id: Annotated[str, typer.Argument()], data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Out of use at once, with every token it was given."""
    terminal = Terminal(as_json)
    with installing.database(settings_with(data_dir)) as addresses:
        ending = administration.end_client(addresses.of("migrator"), client_id, utc_now())
        ended = asyncio.run(ending)
    if isinstance(ended, Refused):
        terminal.refuse(ended.explanation, Exit.MISUSE)
        raise typer.Exit(Exit.MISUSE)
    terminal.answer({"client_id": client_id, "tokens_ended": ended})
    terminal.say(f"{client_id} is out of use; tokens ended: {ended}.")


HostGiven = Annotated[str, typer.Argument(help="HOST or HOST:PORT; 443 if no port is given.")]
Country = Annotated[str, typer.Option(help="ISO 3166-1 alpha-2.")]


def _host(terminal: Terminal, country: str, given: str) -> Host:
    found = read(country, given)
    if isinstance(found, Refused):
        terminal.refuse(found.explanation, Exit.MISUSE)
        raise typer.Exit(Exit.MISUSE)
    return found


@webhooks.command("allow")
def allow_host(
    host: HostGiven, country: Country, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Let the agencies of a country name endpoints at this host."""
    terminal = Terminal(as_json)
    found = _host(terminal, country, host)
    with installing.database(settings_with(data_dir)) as addresses:
        asyncio.run(administration.allow_host(addresses.of("migrator"), found))
    terminal.answer(asdict(found))
    terminal.say(f"Agencies of {found.country} may be told at {found.host}:{found.port}.")


@webhooks.command("hosts")
def list_hosts(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Every host that may be named."""
    terminal = Terminal(as_json)
    with installing.database(settings_with(data_dir)) as addresses:
        found = asyncio.run(administration.webhook_hosts(addresses.of("migrator")))
    terminal.answer({"hosts": [asdict(one) for one in found]})
    rows = [(one.country, one.host, one.port) for one in found]
    terminal.table("Hosts of webhooks", ("country", "host", "port"), rows)


@webhooks.command("forbid")
def forbid_host(
    host: HostGiven, country: Country, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Nothing is sent there from now on; endpoints there say so to their agencies."""
    terminal = Terminal(as_json)
    found = _host(terminal, country, host)
    with installing.database(settings_with(data_dir)) as addresses:
        refused = asyncio.run(administration.forbid_host(addresses.of("migrator"), found))
    if isinstance(refused, Refused):
        terminal.refuse(refused.explanation, Exit.MISUSE)
        raise typer.Exit(Exit.MISUSE)
    terminal.answer(asdict(found))
    terminal.say(f"Nothing is sent to {found.host}:{found.port} for {found.country} any more.")
