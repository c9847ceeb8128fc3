"""Commands that run until told to stop, the training system first; and the schema brought up.

What is started, in which order, stands here; how, in the rooms below.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from socket import socket
from typing import Annotated, Final

import typer

from protocols.catalogue import Catalogue
from referral import (
    demo,
    demo_witnesses,
    installing,
    keeping,
    log_keys,
    logs,
    migrating,
    sealing,
    serving,
    signing,
)
from referral.addresses import Addresses, external
from referral.audit import sequencer
from referral.clock import utc_now
from referral.database import make_engine
from referral.options import AsJson, DataDir, day_of, settings_with
from referral.settings import Environment, Settings
from referral.terminal import Terminal


@contextmanager
def _until_told() -> Iterator[serving.Ending]:
    """For what runs until somebody says stop: being told so is a good end, also while starting."""
    with serving.Ending() as ending, suppress(KeyboardInterrupt):
        yield ending


def _serve(
    settings: Settings,
    addresses: Addresses,
    listening: socket,
    law: Future[Catalogue],
    ending: serving.Ending,
    ready: Callable[[], None],
) -> None:
    """The application; with a database of our own clockwork, sequencer and signer too."""
    vault = keeping.vault_of(settings, embedded=addresses.embedded)
    promiser = keeping.promiser_of(settings, embedded=addresses.embedded)
    with ExitStack() as stack:
        beside = list(_beside(settings, addresses, stack)) if addresses.embedded else []
        if settings.environment is Environment.DEMO:
            beside.append(_watched(settings, addresses, serving.address_of(listening, settings)))
        # Without the reporter's address figures are shown and no release is prepared.
        given = (vault, law.result())
        counting = partial(
            installing.installation, settings, reporter_url=addresses.urls.get("reporter")
        )
        made = counting(addresses.of("app"), *given, promiser=promiser)
        clockwork = None
        if addresses.embedded:
            clockwork = counting(addresses.of("worker"), *given, pool_size=4)
        serving.serve(made, listening, ending, clockwork=clockwork, beside=beside, ready=ready)


def _beside(settings: Settings, addresses: Addresses, stack: ExitStack) -> Iterator[serving.Beside]:
    """The sequencer in this process; the signer, with the log's key, in one of its own."""
    key = log_keys.signing_key(settings, embedded=True)
    assert key is not None, "beside an embedded database there is one"  # noqa: S101 (for mypy)
    asyncio.run(sealing.begun_by(addresses, key.key))
    stack.enter_context(signing.beside(settings))
    engine = make_engine(addresses.of("sequencer"), pool_size=1, statement_timeout=120)
    yield partial(sequencer.run, engine, utc_now)


def _watched(settings: Settings, addresses: Addresses, url: str) -> serving.Beside:
    """The demo's witnesses."""
    vault, folder = keeping.vault_of(settings, embedded=True), settings.data_dir
    keys = asyncio.run(demo_witnesses.enrol(addresses, vault, folder))
    log = log_keys.signing_key(settings, embedded=True)
    assert log is not None, "beside an embedded database there is one"  # noqa: S101 (for mypy)
    return partial(demo_witnesses.watch, keys, folder, url, log.key)


# Whatever is set, the demo is an installation of its own.
_ELSEWHERE: Final = (
    *("database_url", "worker_database_url", "auditor_database_url", "reporter_database_url"),
    *("migration_url", "root_key"),
    *("sequencer_database_url", "signer_database_url", "log_origin", "log_key", "log_state"),
    *("key_keeper", "key_keeper_url", "promise_key"),
    *("second_factors", "site", "tls_cert", "tls_key", "trusted_proxy"),
)


def start_demo(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free port.")] = 8000,
    data_dir: Annotated[Path, typer.Option(help="Where everything is kept.")] = Path(".demo"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw away what was there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start the training system: database, five countries, invented people, pages and API."""
    terminal = Terminal(as_json)
    logs.configure(as_json=as_json, level=logging.WARNING)
    settings = settings_with(data_dir, port=port, environment=Environment.DEMO).model_copy(
        update=dict.fromkeys(_ELSEWHERE)
    )
    with _until_told() as ending, ExitStack() as stack:
        listening = stack.enter_context(serving.listen(settings.host, port))
        law = stack.enter_context(serving.meanwhile())
        with terminal.waiting("starting PostgreSQL") as tell:
            database = installing.database(settings, fresh=fresh, join=False)
            addresses = stack.enter_context(database)
            owner, today = addresses.of("migrator"), day_of(None)
            sign_ins = asyncio.run(demo.furnish(owner, settings.data_dir, today, tell))

        def ready() -> None:
            _introduce(
                terminal, serving.address_of(listening, settings), sign_ins, settings.data_dir
            )

        _serve(settings, addresses, listening, law, ending, ready)


def _introduce(
    terminal: Terminal, address: str, sign_ins: tuple[demo.SignIn, ...], data_dir: Path
) -> None:
    file = str(data_dir / demo.SIGN_INS)
    people = [asdict(one) for one in sign_ins]
    terminal.answer({"address": address, "file": file, "sign_ins": people})
    for country in demo.PLAYED:
        rows = [
            (one.part.replace("_", " "), one.user_name, one.password, one.agency)
            for one in sign_ins
            if one.country == country
        ]
        terminal.table(country, ("part", "user name", "password", "agency"), rows)
    terminal.say(
        "Training: everybody in it is invented. Enter nothing about anybody real.",
        f"The sign-ins are also in {file}.",
        f"Ready at {address} (API: {address}api/v1/docs). Ctrl-C stops it.",
    )


def start_serving(
    port: Annotated[int | None, typer.Option(min=0, max=65535)] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Serve pages and API; with an embedded database the clockwork runs along.

    Beyond loopback only with second factors, a root key, and TLS or a declared proxy.
    """
    terminal, settings = Terminal(as_json), settings_with(data_dir, port=port)
    logs.configure(as_json=True)
    serving.certified(settings)
    with _until_told() as ending, ExitStack() as stack:
        listening = stack.enter_context(serving.listen(settings.host, settings.port))
        law = stack.enter_context(serving.meanwhile())
        addresses = stack.enter_context(installing.database(settings, join=False))

        def ready() -> None:
            address = serving.address_of(listening, settings)
            terminal.answer({"address": address, "embedded": addresses.embedded})
            terminal.say(f"Ready at {address}")

        _serve(settings, addresses, listening, law, ending, ready)


def start_worker(as_json: AsJson = False) -> None:
    """Let time pass: fire what is due, until told to stop. Any number may run at once."""
    terminal, settings = Terminal(as_json), settings_with()
    logs.configure(as_json=True)
    addresses = external(settings) or Addresses({}, embedded=False)
    url, vault = addresses.of("worker"), keeping.vault_of(settings, embedded=False)
    with _until_told() as ending:
        catalogue = Catalogue.load(goes_on=True)
        counting = addresses.urls.get("reporter")  # without it no release is prepared
        made = installing.installation(
            settings, url, vault, catalogue, pool_size=4, reporter_url=counting
        )
        turns = serving.tick(made, ending)
        terminal.answer(asdict(turns))
        terminal.say(f"Stopped. Fired {turns.fired}, pushed ahead {turns.pushed}.")


def migrate(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Make roles and database if they are missing, and bring the schema to the newest version."""
    terminal, settings = Terminal(as_json), settings_with(data_dir)
    if external(settings) is not None:
        url = asyncio.run(migrating.prepare(settings))
        changed = migrating.upgrade(url)
        if key := log_keys.signing_key(settings, embedded=False):
            asyncio.run(sealing.begun_by(Addresses({"migrator": url}, embedded=False), key.key))
    else:
        with installing.database(settings) as addresses:
            changed = migrating.upgrade(addresses.of("migrator"))
    version = migrating.newest()
    terminal.answer({"version": version, "changed": changed})
    terminal.say(
        f"The schema is at {version}" + (", brought there now." if changed else " already.")
    )
