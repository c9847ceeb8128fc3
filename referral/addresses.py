"""Where the database is: addresses as they are set, or of the embedded one that is running.

It must never know what is done there, nor make anything.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

from referral import roles
from referral.settings import Settings

OWN: Final = ("app", "worker", "sequencer", "signer", "auditor_ro", "reporter", "migrator")
_SETTING: Final = {
    "app": "DATABASE_URL",
    "worker": "WORKER_DATABASE_URL",
    "sequencer": "SEQUENCER_DATABASE_URL",
    "signer": "SIGNER_DATABASE_URL",
    "auditor_ro": "AUDITOR_DATABASE_URL",
    "reporter": "REPORTER_DATABASE_URL",
    "migrator": "MIGRATION_URL",
    "administrator": "MIGRATION_URL",
}


class MissingError(Exception):
    """Something that only the operator can provide is not there; the text says what and how."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where each role finds the database (``postgresql://…``); ``embedded``: it is our own."""

    urls: Mapping[str, str]
    embedded: bool

    def of(self, role: str) -> str:
        """The address of a role, or of ``administrator``. Raises MissingError with the setting."""
        if role in self.urls:
            return self.urls[role]
        name = f"REFERRAL_{_SETTING[role]}"
        message = (
            f"{name} is not set, and this command works as that database role. "
            f"Set it, or name a file that holds it with {name}_FILE."
        )
        raise MissingError(message)


def external(settings: Settings) -> Addresses | None:
    """The addresses that are set; None if there is none, so that the database is our own."""
    given = {
        "app": settings.database_url,
        "worker": settings.worker_database_url,
        "sequencer": settings.sequencer_database_url,
        "signer": settings.signer_database_url,
        "auditor_ro": settings.auditor_database_url,
        "reporter": settings.reporter_database_url,
        "administrator": settings.migration_url,
    }
    urls = {role: plain(secret.get_secret_value()) for role, secret in given.items() if secret}
    if not urls:
        return None
    if "administrator" in urls:  # whose address may name any database
        urls["migrator"] = plain(urls["administrator"], name=database_name(settings))
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
        {role: f"postgresql://{roles.PREFIX}{role}:{passwords[role]}@{place}" for role in OWN},
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
