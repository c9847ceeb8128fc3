"""The imaginary country in the directory, and the two who touch it: its owner and the app."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from agencies.register import COUNTRIES, Register, enter, read
from tests.conftest import Database

TODAY = date(2026, 3, 2)


@pytest.fixture
def today() -> date:
    return TODAY


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[AsyncConnection]:
    """The migration role: may write the directory. In no transaction yet."""
    url = make_url(database.migrator_url).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connected:
        yield connected
    await engine.dispose()


@pytest.fixture
def zedland() -> Register:
    return read(COUNTRIES / "zz.yaml")


@pytest.fixture
async def directory(owner: AsyncConnection, zedland: Register) -> AsyncConnection:
    """Zedland entered and committed; the owner's connection."""
    await enter(owner, zedland, TODAY)
    await owner.commit()
    return owner


def written(folder: Path, name: str, content: str) -> Path:
    """A file with this content."""
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path
