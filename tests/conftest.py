"""What every test may ask for: a real PostgreSQL with the real migrations, and a hand-set clock.

Each test process has a cluster of its own (no lock between processes, nothing to hand over), made
when the first test asks for it. The migrations run once into a template; a test gets a copy.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from hypothesis import settings
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import referral
from referral import roles
from referral.embedded import Embedded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from sqlalchemy.ext.asyncio import AsyncConnection

# A shared machine may be slow for a moment; a test that must be fast is a benchmark.
settings.register_profile("here", deadline=None)
settings.load_profile("here")

pytest_plugins = ["tests.cast"]

_TEMPLATE = "template_referral"
_MIGRATIONS = Path(referral.__file__).parent / "migrations"
_FOLDER = "referral-tests-"
_SETTLED = 60  # seconds
_ROOM = 2_000_000_000  # bytes free before memory is used as a disk
# What takes longest is begun first, or one process would be left waiting for the other at the end.
_LONG = (
    *("tests/test_shape.py", "tests/referral/test_demo.py", "tests/protocols/test_cases.py"),
    *("tests/browser/", "tests/referral/test_cli.py", "tests/referral/test_intake.py"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first; otherwise in the order they were found in."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where everything must be shown (CI), a skipped test is a failed run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        reporter.write_line("\nCI is set: nothing may be skipped, so this run has failed.")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@dataclass(frozen=True, slots=True)
class Database:
    """One test's own database, migrated and empty; each URL is ``postgresql://…``."""

    name: str
    url: str  # as the app: row security holds
    migrator_url: str
    superuser_url: str  # sees and may break everything
    cluster: Embedded

    def url_of(self, role: str) -> str:
        """As another role of ``roles.LOGINS``."""
        return self.cluster.url(role, self.name)


@dataclass(slots=True)
class HandSetClock:
    """The time a test is in: asked like a function, moved only by hand, and only forward."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> datetime:
        """Move on (``hours=2``, ``days=1`` as for timedelta) and say the new time."""
        return self.to(self.now + timedelta(**by))

    def to(self, moment: datetime) -> datetime:
        """Move on to this moment."""
        assert moment >= self.now, "time does not run backwards"
        self.now = moment
        return moment


@pytest.fixture
def at() -> HandSetClock:
    """Monday 2 March 2026, 12:00 UTC: an ordinary working day in every country we know."""
    return HandSetClock(datetime(2026, 3, 2, 12, tzinfo=UTC))


@pytest.fixture(scope="session")
def place() -> Path:
    """Where test clusters live: in memory if there is room, ten times quicker at new databases."""
    memory = Path("/dev/shm")  # noqa: S108 - folders in it are made by mkdtemp
    enough = memory.is_dir() and shutil.disk_usage(memory).free > _ROOM
    chosen = memory if enough else Path(tempfile.gettempdir())
    _sweep(chosen)
    return chosen


@pytest.fixture(scope="session")
def cluster(place: Path) -> Iterator[Embedded]:
    """A running PostgreSQL that may forget everything at a power cut."""
    folder = Path(tempfile.mkdtemp(prefix=_FOLDER, dir=place))
    try:
        with Embedded.start(folder, durable=False) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template(cluster: Embedded) -> str:
    """The name of a database with the real migrations in it; nobody may stay connected to it."""
    asyncio.run(roles.create_database(cluster.superuser_url, _TEMPLATE))
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    url = make_url(cluster.url("migrator", _TEMPLATE)).set(drivername="postgresql+asyncpg")
    config.set_main_option("sqlalchemy.url", url.render_as_string(hide_password=False))
    command.upgrade(config, "head")
    return _TEMPLATE


async def copied(cluster: Embedded, template: str, name: str) -> None:
    """A database like another, by copying its files: a quarter of what going by the log takes."""
    await roles.create_database(
        cluster.superuser_url, name, template=template, strategy="file_copy"
    )


@pytest.fixture
async def database(cluster: Embedded, template: str) -> AsyncIterator[Database]:
    """A migrated database of this test's own."""
    name = f"test_{secrets.token_hex(6)}"
    await copied(cluster, template, name)
    superuser = make_url(cluster.superuser_url).set(database=name)
    yield Database(
        name=name,
        url=cluster.url("app", name),
        migrator_url=cluster.url("migrator", name),
        superuser_url=superuser.render_as_string(hide_password=False),
        cluster=cluster,
    )
    connection = await asyncpg.connect(cluster.superuser_url)
    try:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[AsyncConnection]:
    """One connection as the app, in no transaction yet; what is not committed is rolled back."""
    engine = create_async_engine(
        make_url(database.url).set(drivername="postgresql+asyncpg"), poolclass=NullPool
    )
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


def _sweep(place: Path) -> None:
    """Remove what earlier runs left behind when they were killed; a locked folder is in use."""
    for folder in place.glob(_FOLDER + "*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime < _SETTLED:
                continue  # perhaps just being made
            with (folder / "database.lock").open("r+b") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
