"""A log that is grown and signed over a house: sequencer and signer, a look at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from referral import audit
from referral.app import make_app
from referral.audit import checkpoints, epochs, sequencer, state_files, witnesses
from referral.audit.checkpoints import Place, Signed
from referral.audit.key_files import SigningKey
from referral.audit.memory import Memory
from referral.audit.proof import Checkpoint, Key, Note, Receipt
from referral.audit.remote import Remote
from referral.audit.signer import Signer
from referral.audit.streams import log_system
from referral.audit.timekeeping import Watch
from referral.audit.witness import Visited, Witness
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

    @asynccontextmanager
    async def operator(self) -> AsyncIterator[WriteSession]:
        """A transaction at the server's console."""
        async with self.by("migrator") as connection, connection.begin():
            house = self.house.installation
            yield WriteSession(connection, house.vault, house.catalogue, "operator")

    @asynccontextmanager
    async def remote(self) -> AsyncIterator[Remote]:
        """The log as somebody elsewhere asks it."""
        app = make_app(replace(self.house.installation, clock=self.now))
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1"
        ) as client:
            yield Remote(client)

    async def enrolled(self, name: str) -> Witness:
        """A witness whose cosignatures are taken."""
        key = SigningKey.new(name, 4)
        async with self.operator() as session:
            assert await witnesses.enrol(session, key.key, None, independent=True, now=self.now())
        return self.witness(key)

    def witness(self, key: SigningKey) -> Witness:
        """A witness who knows this log's key and its custodians."""
        return Witness(
            key, self.folder / f"{key.name}.state", str(self.key.key), list(map(str, self.trusted))
        )

    async def visit(self, witness: Witness) -> Visited:
        """Once."""
        async with self.remote() as remote:
            return await witness.visit(remote, self.now)

    async def proposed(self, new: SigningKey, why: str = "the key is changed") -> str:
        """A statement as two custodians sign it."""
        kept = state_files.read(self.state)
        memory = Memory.read(kept) if kept else None
        last = Checkpoint(memory.origin, memory.size, memory.root) if memory else None
        async with self.by("migrator") as connection:
            statement = str(await epochs.propose(connection, new.key, why, last, 2))
        return statement + "\n" + "".join(one.sign(statement) for one in self.custodians[:2])

    async def opens(self, new: SigningKey, note: str) -> None:
        """The operator enters it, and the signer is started with the new key."""
        async with self.operator() as session:
            await epochs.open_epoch(session, note, self.trusted, self.now())
        self.key = new
        self.restart()

    async def latest(self) -> Signed:
        """The newest checkpoint."""
        async with self.by("app") as connection:
            found = await checkpoints.latest(connection)
        assert found is not None
        return found

    async def backup(self, name: str = "") -> str:
        """A copy of the whole database as it is; its name."""
        copy = name or f"copy_{uuid4().hex[:12]}"
        await self._alone(f"CREATE DATABASE {copy} TEMPLATE {self.house.database.name}")
        return copy

    async def restore(self, copy: str) -> None:
        """The copy in the place of what is there."""
        here = self.house.database.name
        await self._alone(
            f"DROP DATABASE {here} WITH (FORCE)", f"ALTER DATABASE {copy} RENAME TO {here}"
        )

    async def swapped(self, copy: str) -> None:
        """The copy and what is there change places."""
        here, aside = self.house.database.name, f"aside_{uuid4().hex[:12]}"
        await self._alone(
            f"ALTER DATABASE {here} RENAME TO {aside}",
            f"ALTER DATABASE {copy} RENAME TO {here}",
            f"ALTER DATABASE {aside} RENAME TO {copy}",
        )

    async def dropped(self, copy: str) -> None:
        """A copy that is needed no more."""
        await self._alone(f"DROP DATABASE {copy} WITH (FORCE)")

    async def receipt(self, index: int) -> Receipt:
        """What a party to the entry at this place would hold, by the newest checkpoint."""
        [row] = await self.house.rows(
            "SELECT header FROM referral.audit_entry ORDER BY xid, id OFFSET $1 LIMIT 1", index
        )
        signed = await self.latest()
        place = Place(signed.epoch, index)
        async with self.by("app") as connection:
            path = await checkpoints.inclusion(connection, place, signed.checkpoint.size)
        return Receipt(row["header"].encode(), index, path, Note.read(signed.note))

    async def _alone(self, *statements: str) -> None:
        """As the superuser, while nobody is connected."""
        await self.house.engine.dispose()
        await self.house.worker.dispose()
        for engine in self.engines.values():
            await engine.dispose()
        connection = await asyncpg.connect(self.house.database.cluster.superuser_url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def rewritten(self, change: str) -> None:
        """A superuser with the stolen key: changes entries, and makes all else anew to fit.

        Chain, tree and signatures agree with each other again; only others can know better.
        """
        self.house.honest = False
        forget = [f"DELETE FROM log.{name}" for name in ("cosignature", "checkpoint", "tile")]
        await self.superuser(change, *forget, "DELETE FROM log.position")
        await self.place()
        self.state.unlink()
        self.restart()
        await self.sealed()

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
