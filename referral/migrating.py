"""The schema at its newest version, and before that roles and database, where there are none.

It must never know what the migrations say.
"""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import Final

import asyncpg
from sqlalchemy.engine import make_url

from referral import roles
from referral.addresses import Addresses, database_name, external, plain
from referral.settings import Settings

MIGRATIONS: Final = Path(__file__).parent / "migrations"


async def prepare(settings: Settings) -> str:
    """Make roles and database on a server elsewhere; returns the address to migrate with.

    The role that migrates gets a new password each time: nobody needs to keep one.
    Raises MissingError, RolesProblem, OSError and what the server refuses.
    """
    given = external(settings) or Addresses({}, embedded=False)
    administrator = given.of("administrator")
    once = secrets.token_urlsafe(24)
    known = roles.passwords_of(*given.urls.values())
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
