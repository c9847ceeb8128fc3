"""A stand to measure on: a durable embedded PostgreSQL, the imaginary country, and tokens."""

from __future__ import annotations

import base64
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alembic import command
from alembic.config import Config
from argon2 import PasswordHasher
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import referral
from agencies.cast import Player, load_cast
from agencies.duties import Scope
from agencies.identity import digest_of
from agencies.register import COUNTRIES, enter, read
from protocols.catalogue import Catalogue
from referral.database import make_engine
from referral.embedded import Embedded
from referral.entry import Installation
from referral.settings import Settings
from referral.vault import Vault

_CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)  # nobody signs in here


@dataclass(frozen=True, slots=True)
class Stand:
    """Everything a benchmark needs. The root key is of this run, whatever the folder keeps."""

    database: Embedded
    players: dict[str, Player]
    folder: Path
    root_key: str

    def token(self, part: str) -> str:
        """The bearer token of a part of the cast of Zedland."""
        return f"bench token of {part}.zz"

    def installation(self, pool_size: int) -> Installation:
        """The service over this stand's database, as the app role."""
        return Installation(
            settings=Settings(),
            engine=make_engine(self.database.url("app"), pool_size=pool_size),
            vault=Vault.from_text(self.root_key),
            catalogue=Catalogue.load(),
        )


@contextmanager
def new_stand(kept: Path | None = None) -> Iterator[Stand]:
    """Start, migrate, furnish; stop, and remove unless the folder is ``kept`` for another run."""
    import asyncio

    folder = kept or Path(tempfile.mkdtemp(prefix="referral-bench-"))
    try:
        with Embedded.start(folder, durable=True) as database:
            config = Config()
            config.set_main_option(
                "script_location", str(Path(referral.__file__).parent / "migrations")
            )
            url = make_url(database.url("migrator")).set(drivername="postgresql+asyncpg")
            config.set_main_option("sqlalchemy.url", url.render_as_string(hide_password=False))
            command.upgrade(config, "head")
            players = asyncio.run(_furnish(database))
            key = base64.b64encode(os.urandom(32)).decode()
            yield Stand(database, players, folder, key)
    finally:
        if kept is None:
            shutil.rmtree(folder, ignore_errors=True)


async def _furnish(database: Embedded) -> dict[str, Player]:
    url = make_url(database.superuser_url).set(drivername="postgresql+asyncpg", database="referral")
    engine = create_async_engine(url, poolclass=NullPool)
    now = datetime.now(UTC)
    since = (now - timedelta(days=7)).date()
    async with engine.begin() as connection:
        await enter(connection, read(COUNTRIES / "zz.yaml"), since)
        players = await load_cast(connection, ("ZZ",), since, hash_with=_CHEAP.hash)
        await connection.exec_driver_sql("DELETE FROM agencies.api_token WHERE name = 'bench'")
        for player in players:
            await connection.exec_driver_sql(
                "SELECT agencies.issue_token($1, $2, 'bench', $3, $4, $5)",
                (
                    digest_of(f"bench token of {player.part.user_name}"),
                    player.membership_id,
                    [scope.value for scope in Scope],
                    now - timedelta(days=1),
                    now + timedelta(days=1),
                ),
            )
    await engine.dispose()
    return {player.part.user_name: player for player in players}


def database_cpu(stand: Stand) -> float:
    """Seconds of processor time of the database, with those of its processes that have ended."""
    main = next(stand.folder.rglob("postmaster.pid")).read_text().split()[0]
    ticks = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            told = file.read_text().rpartition(")")[2].split()
            if file.parent.name == main:
                ticks += sum(map(int, told[11:15]))
            elif told[1] == main:
                ticks += sum(map(int, told[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")
