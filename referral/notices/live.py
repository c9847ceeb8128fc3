"""A number that lives: how much somebody has not read, while she has a page open.

One connection per process listens; each open page waits to be woken and then asks. It asks by her
session without touching it, so that a page left open keeps nobody signed in, and is told when the
session is over. It must never know what a notice is about.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from referral.database import as_json

CHANNEL: Final = "referral_notices"
MOST: Final = 500  # pages at once, per process; further ones have the number they were opened with
EACH: Final = 6  # of one seat: browsers open no more to one host
LOOKS: Final = 2  # connections that all of them together take from the pool
EVERY: Final = 30.0  # seconds until it is asked unwoken: a session ends without anybody saying so
AFTER_A_FAULT: Final = 5.0

ENDED: Final = "event: ended\ndata:\n\n"
STILL: Final = ":\n\n"  # a comment: proxies cut what is silent


@dataclass(slots=True)
class Live:
    """Everybody who waits in this process."""

    _waiting: dict[UUID, set[asyncio.Event]] = field(default_factory=lambda: defaultdict(set))
    _listening: asyncio.Task[None] | None = None
    _closing: bool = False
    _looking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LOOKS))

    def close(self) -> None:
        """Nobody is kept waiting any more: the process is to end."""
        self._closing = True
        self._wake_all()
        if self._listening is not None:
            self._listening.cancel()

    @property
    def full(self) -> bool:
        """Whether no further page may wait."""
        return self._closing or sum(map(len, self._waiting.values())) >= MOST

    async def counts(
        self,
        engine: AsyncEngine,
        credential: bytes,
        clock: Callable[[], datetime],
        every: float = EVERY,
    ) -> AsyncIterator[str]:
        """Server-sent events: the number at once, and again whenever it changes."""
        found = await self._look(engine, credential, clock())
        if found is None or self.full or len(self._waiting[found[0]]) >= EACH:
            yield ENDED
            return
        async with self._place(engine, found[0]) as woken:
            seen = None
            while found is not None and not self._closing:
                yield STILL if found[1] == seen else f"data: {found[1]}\n\n"
                seen = found[1]
                with suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), every)
                woken.clear()
                found = await self._look(engine, credential, clock())
            yield ENDED

    async def _look(
        self, engine: AsyncEngine, credential: bytes, now: datetime
    ) -> tuple[UUID, int] | None:
        """Whose session it is, and her number; None once it is over."""
        async with self._looking, engine.begin() as connection:
            statement = "SELECT referral.watch_notices($1, $2)"
            row = await as_json(connection, statement, credential, now)
        return None if row is None else (UUID(row["membership_id"]), row["unread"])

    @asynccontextmanager
    async def _place(self, engine: AsyncEngine, seat: UUID) -> AsyncIterator[asyncio.Event]:
        woken = asyncio.Event()
        self._waiting[seat].add(woken)
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen(engine))
        try:
            yield woken
        finally:
            self._waiting[seat].discard(woken)
            if not self._waiting[seat]:
                del self._waiting[seat]
            if not self._waiting and self._listening is not None:
                self._listening.cancel()
                self._listening = None

    async def _listen(self, engine: AsyncEngine) -> None:
        """Listen as long as anybody waits; after a fault again, and everybody asks once."""
        address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                connection = await asyncpg.connect(address)
                gone = asyncio.Event()
                connection.add_termination_listener(lambda _, gone=gone: gone.set())
                try:
                    await connection.add_listener(CHANNEL, self._heard)
                    self._wake_all()
                    await gone.wait()
                finally:
                    connection.terminate()
            await asyncio.sleep(AFTER_A_FAULT)

    def _heard(self, _connection: Any, _pid: int, _channel: str, told: object) -> None:
        with suppress(ValueError):
            for woken in self._waiting.get(UUID(str(told)), ()):
                woken.set()

    def _wake_all(self) -> None:
        for waiting in self._waiting.values():
            for woken in waiting:
                woken.set()
