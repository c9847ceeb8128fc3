"""A log that is grown and signed over a house: sequencer and signer as they run, a look at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from referral import audit
from referral.audit import checkpoints, sequencer
from referral.audit.checkpoints import Signed
from referral.audit.key_files import SigningKey
from referral.audit.proof import Key
from referral.audit.signer import Signer
from referral.audit.streams import log_system
from referral.audit.timekeeping import Watch
from referral.database import make_engine
from referral.session import WriteSession
from tests.cast import House

ORIGIN = "log.example.org/2026a"


@dataclass(slots=True)
class Log:
    """The log of a house, its keys and its signer; ``elapsed`` is the clock nobody can set."""

    house: House
    folder: Path
    key: SigningKey
    custodians: tuple[SigningKey, ...]
    engines: dict[str, AsyncEngine] = field(default_factory=dict)
    skewed: timedelta = timedelta(0)  # how far the wall clock was set, unlike the other
    signer: Signer | None = None

    @property
    def state(self) -> Path:
        """The signer's memory."""
        return self.folder / "log_state"

    @property
    def trusted(self) -> Sequence[Key]:
        """The custodians' public keys."""
        return [one.key for one in self.custodians]

    def now(self) -> datetime:
        """What the wall clock says."""
        return self.house.at() + self.skewed

    def restart(self) -> Signer:
        """A signer as a new process would be."""
        watch = Watch(lambda: self.house.at().timestamp())
        self.signer = Signer(self.key, self.state, self.trusted, watch)
        return self.signer

    @asynccontextmanager
    async def by(self, role: str) -> AsyncIterator[AsyncConnection]:
        """A connection as this role, in no transaction."""
        if role not in self.engines:
            url = self.house.database.url_of(role)
            self.engines[role] = make_engine(url, pool_size=2)
        async with self.engines[role].connect() as connection:
            yield connection

    async def write(self, entries: int = 1) -> None:
        """Entries of the system's stream: what they say is all one."""
        for _ in range(entries):
            async with self.by("worker") as connection, connection.begin():
                await connection.exec_driver_sql("SELECT referral.begin_worker('ZZ')")
                session = WriteSession(
                    connection, self.house.installation.vault, self.house.installation.catalogue, ""
                )
                await log_system(
                    session,
                    audit.Done.WITNESS_ENROLLED,
                    by=audit.CLOCKWORK,
                    about=("witness", uuid4()),
                    now=self.house.at(),
                )

    async def place(self) -> int:
        """Let the sequencer place all there is."""
        placed = 0
        async with self.by("sequencer") as connection:
            while count := await sequencer.place(connection):
                placed += count
        return placed

    async def look(self) -> bool:
        """One look of the signer; whether it signed."""
        signer = self.signer or self.restart()
        async with self.by("signer") as connection:
            return await signer.look(connection, self.now()) is not None

    async def sealed(self) -> Signed:
        """All there is, placed and signed; an hour later if need be."""
        await self.place()
        if not await self.look():
            self.house.at.forward(minutes=1)
            assert await self.look(), await self.alarms()
        return await self.latest()

    async def grow(self, entries: int = 1) -> Signed:
        """Entries more, placed and signed."""
        await self.write(entries)
        return await self.sealed()

    async def latest(self) -> Signed:
        """The newest checkpoint."""
        async with self.by("app") as connection:
            found = await checkpoints.latest(connection)
        assert found is not None
        return found

    async def alarms(self) -> dict[str, str]:
        """Those that stand: kind and words."""
        rows = await self.house.rows("SELECT kind, what FROM log.alarm WHERE ended_at IS NULL")
        return {row["kind"]: row["what"] for row in rows}

    async def superuser(self, *statements: str) -> None:
        """Somebody past every guard: triggers are off."""
        connection = await asyncpg.connect(self.house.database.superuser_url)
        try:
            await connection.execute("SET session_replication_role = replica")
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture
async def log(house: House, tmp_path: Path) -> AsyncIterator[Log]:
    """A house whose log has its first epoch and its signer."""
    made = Log(
        house,
        tmp_path,
        SigningKey.new(ORIGIN, 1),
        (SigningKey.new("ombudsman", 1), SigningKey.new("notary", 1), SigningKey.new("court", 1)),
    )
    await house.rows(
        "INSERT INTO log.epoch (epoch, origin, signer, opened_at) VALUES (1, $1, $2, $3)",
        *(made.key.name, str(made.key.key), house.at()),
    )
    yield made
    for engine in made.engines.values():
        await engine.dispose()
