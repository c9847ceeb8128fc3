"""An installation put together: its database, its keys, its connections.

Embedded and external databases differ here and nowhere above. It must never know agencies, cases or
how anything is printed.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from protocols.catalogue import Catalogue
from referral.addresses import OWN, Addresses, MissingError, external, running
from referral.database import make_engine
from referral.embedded import Embedded
from referral.entry import Installation, utc_now
from referral.migrating import upgrade
from referral.settings import Settings
from referral.vault import Vault

ROOT_KEY: Final = "root_key"  # in the folder of an embedded database


@contextmanager
def database(settings: Settings, *, fresh: bool = False, join: bool = True) -> Iterator[Addresses]:
    """The database this installation lives in, migrated if it is our own.

    The external one if any address of one is set. Otherwise the embedded one in ``data_dir``: with
    ``join`` the one another process has running there, or else started here and stopped at the end;
    ``fresh`` throws away what the folder held. Raises EmbeddedProblem.
    """
    given = external(settings)
    if given is not None:
        yield given
        return
    joined = running(settings.data_dir) if join and not fresh else None
    if joined is not None:
        yield joined
        return
    with Embedded.start(settings.data_dir, fresh=fresh) as started:
        if fresh:
            (settings.data_dir / ROOT_KEY).unlink(missing_ok=True)
        upgrade(started.url("migrator"))
        yield Addresses({role: started.url(role) for role in OWN}, embedded=True)


def vault_of(settings: Settings, *, embedded: bool) -> Vault:
    """The keys: as set, or, beside an embedded database, from a file made once (0600).

    Raises MissingError: a service without its key could open nothing, and one with a new key would
    write what the old one cannot read.
    """
    if settings.root_key is not None:
        try:
            return Vault.from_text(settings.root_key.get_secret_value())
        except ValueError as fault:
            raise MissingError(f"REFERRAL_ROOT_KEY: {fault}") from fault
    if not embedded:
        message = (
            "REFERRAL_ROOT_KEY is not set: without it no sealed field can be written or opened. "
            "Make one with `openssl rand -base64 32`, keep a copy elsewhere, and name its file in "
            "REFERRAL_ROOT_KEY_FILE."
        )
        raise MissingError(message)
    file = settings.data_dir / ROOT_KEY
    if not file.exists():
        write_secret(file, base64.b64encode(os.urandom(32)).decode())
    return Vault.from_text(file.read_text("utf-8").strip())


def write_secret(file: Path, text: str) -> None:
    """Write a file only its owner can read, whole or not at all, and on the disk."""
    partial = file.with_name(f"{file.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(file)


def installation(
    settings: Settings,
    url: str,
    vault: Vault,
    catalogue: Catalogue,
    *,
    pool_size: int | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Installation:
    """Settings, connections, keys, law and clock, put together once."""
    engine = make_engine(
        url,
        pool_size=pool_size or settings.pool_size,
        statement_timeout=settings.statement_timeout,
    )
    return Installation(settings, engine, vault, catalogue, clock)
