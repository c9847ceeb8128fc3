"""From nothing to a database that is ready: addresses, roles, migrations, keys.

Embedded and external databases differ here and nowhere above. It must never know agencies, cases or
how anything is printed.
"""

from __future__ import annotations

import asyncio
import base64
import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import asyncpg
from sqlalchemy.engine import make_url

from protocols.catalogue import Catalogue
from referral import roles
from referral.database import make_engine
from referral.embedded import Embedded
from referral.entry import Installation, utc_now
from referral.settings import Settings
from referral.vault import Vault

MIGRATIONS: Final = Path(__file__).parent / "migrations"
ROOT_KEY: Final = "root_key"  # in the folder of an embedded database
_OWN: Final = ("app", "worker", "auditor_ro", "migrator")
_SETTING: Final = {
    "app": "DATABASE_URL",
    "worker": "WORKER_DATABASE_URL",
    "auditor_ro": "AUDITOR_DATABASE_URL",
    "migrator": "MIGRATION_URL",
}


class MissingError(Exception):
    """Something that only the operator can provide is not there; the text says what and how."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where each role finds the database (``postgresql://…``); ``embedded``: it is our own."""

    urls: Mapping[str, str]
    embedded: bool

    def of(self, role: str) -> str:
        """The address of ``app``, ``worker``, ``auditor_ro`` or ``migrator``."""
        if role in self.urls:
            return self.urls[role]
        name = f"REFERRAL_{_SETTING[role]}"
        message = (
            f"{name} is not set, and this command works as that database role. "
            f"Set it, or name a file that holds it with {name}_FILE."
        )
        raise MissingError(message)


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
        yield Addresses({role: started.url(role) for role in _OWN}, embedded=True)


def external(settings: Settings) -> Addresses | None:
    """The addresses that are set; None if there is none, so that the database is our own."""
    given = {
        "app": settings.database_url,
        "worker": settings.worker_database_url,
        "auditor_ro": settings.auditor_database_url,
        "migrator": settings.migration_url,
    }
    urls = {role: plain(secret.get_secret_value()) for role, secret in given.items() if secret}
    if not urls:
        return None
    if "migrator" in urls:  # an administrator's address may name any database
        urls["migrator"] = plain(urls["migrator"], name=database_name(settings))
    return Addresses(urls, embedded=False)


def known(settings: Settings) -> bool:
    """Whether there is a database already, ours or elsewhere."""
    made = settings.data_dir / "postgresql" / "cluster"
    return external(settings) is not None or made.exists()


def running(data_dir: Path) -> Addresses | None:
    """The embedded database another process has running in this folder, or None.

    Its lock says whether; its port stands in the fourth line of ``postmaster.pid``.
    """
    try:
        lock = os.open(data_dir / "database.lock", os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        pass
    else:
        return None
    finally:
        os.close(lock)
    try:
        passwords = json.loads((data_dir / "passwords.json").read_text("utf-8"))
        lines = (data_dir / "postgresql" / "cluster" / "postmaster.pid").read_text("utf-8")
        place = f"127.0.0.1:{int(lines.splitlines()[3])}/{roles.DATABASE}"
    except (OSError, ValueError, IndexError):
        return None  # it is only just starting, or belongs to another account
    return Addresses(
        {role: f"postgresql://{roles.PREFIX}{role}:{passwords[role]}@{place}" for role in _OWN},
        embedded=True,
    )


def plain(url: str, *, name: str | None = None) -> str:
    """An address as asyncpg reads it, whatever driver it names; ``name``: another database."""
    parsed = make_url(url).set(drivername="postgresql")
    if name is not None:
        parsed = parsed.set(database=name)
    return parsed.render_as_string(hide_password=False)


def database_name(settings: Settings) -> str:
    """The database the service lives in, as the service's own address names it."""
    given = settings.database_url
    named = make_url(given.get_secret_value()).database if given is not None else None
    return named or roles.DATABASE


async def prepare(settings: Settings) -> str:
    """Make roles and database on a server elsewhere; returns the address to migrate with.

    The role that migrates gets a new password each time: nobody needs to keep one.
    Raises MissingError, RolesProblem, OSError and what the server refuses.
    """
    given = external(settings) or Addresses({}, embedded=False)
    given.of("migrator")
    assert settings.migration_url is not None  # noqa: S101 - the line above
    administrator = plain(settings.migration_url.get_secret_value())
    once = secrets.token_urlsafe(24)
    known = roles.passwords_of(*(url for role, url in given.urls.items() if role != "migrator"))
    name = database_name(settings)
    await roles.create_roles(administrator, {**known, "migrator": once})
    await roles.create_database(administrator, name)
    migrator = make_url(administrator).set(
        username=f"{roles.PREFIX}migrator", password=once, database=name
    )
    return migrator.render_as_string(hide_password=False)


def upgrade(url: str) -> bool:
    """Bring the schema to the newest version, as ``referral_migrator``; False if it was there.

    Inside an event loop call it in a thread.
    """
    if asyncio.run(version_of(url)) == newest():
        return False
    from alembic import command  # noqa: PLC0415 - half a second that most starts do not need
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    async_url = make_url(url).set(drivername="postgresql+asyncpg")
    escaped = async_url.render_as_string(hide_password=False).replace("%", "%%")
    config.set_main_option("sqlalchemy.url", escaped)
    command.upgrade(config, "head")
    return True


def newest() -> str:
    """The newest version there is: migrations are named by their number, and have one line."""
    return max(path.stem.partition("_")[0] for path in (MIGRATIONS / "versions").glob("*.py"))


async def version_of(url: str) -> str | None:
    """The version a database is at; None before the first migration."""
    connection = await asyncpg.connect(plain(url))
    try:
        version: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        return None
    finally:
        await connection.close()
    return version


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
