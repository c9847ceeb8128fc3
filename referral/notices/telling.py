"""One round of telling: all that waits is forwarded, all that is due is sent.

Any number of these may run at once. It holds nothing up: the clockwork does not wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from referral.logs import fault_of
from referral.notices import delivering, forwarding, jobs
from referral.notices.channels import Channel, Later, Outcome, Refused, Told

_LOG = structlog.get_logger("referral.notices")

_Step: TypeAlias = Callable[[AsyncConnection, str], Awaitable[int]]


@dataclass(slots=True)
class Round:
    """What one round came to: notices looked at, letters told, put off, refused for ever."""

    forwarded: int = 0
    told: int = 0
    later: int = 0
    refused: int = 0

    def count(self, outcomes: Sequence[Outcome]) -> None:
        """Count what became of letters."""
        self.told += sum(isinstance(one, Told) for one in outcomes)
        self.later += sum(isinstance(one, Later) for one in outcomes)
        self.refused += sum(isinstance(one, Refused) for one in outcomes)


class Teller:
    """Tells, over the worker's connections; known to the queue of letters by an id of its own."""

    def __init__(self, engine: AsyncEngine, channels: Sequence[Channel]) -> None:
        self._engine = engine
        self._channels = tuple(channels)
        self._taker = jobs.Worker()

    async def tell(
        self,
        now: datetime,
        stopping: asyncio.Event | None = None,
        *,
        lost_after: timedelta = jobs.LOST_AFTER,
    ) -> Round:
        """Forward what waits and send what is due at ``now``; never stops within a letter.

        1. Outbox to deliveries, country by country, a transaction per hundred notices.
        2. Deliveries that are due to letters in the queue, likewise.
        3. Letters out of the queue until there is none: sent, marked.
        """
        done = Round()
        stopped = stopping or asyncio.Event()

        async def onward(connection: AsyncConnection, country: str) -> int:
            return await forwarding.forward(connection, country, self._channels, now)

        async def written(connection: AsyncConnection, country: str) -> int:
            return await delivering.write_letters(connection, country, now)

        done.forwarded = await self._everywhere(forwarding.waits_in, onward, stopped)
        await self._everywhere(
            lambda connection, passed: delivering.waits_in(connection, now, passed),
            written,
            stopped,
        )
        by_name = {channel.name: channel for channel in self._channels}
        while not stopped.is_set():
            outcomes = await delivering.deliver(
                self._engine, by_name, self._taker, now, lost_after=lost_after
            )
            done.count(outcomes)
            if not outcomes:
                break
        async with self._engine.begin() as connection:
            await jobs.sweep(connection)
        return done

    async def _everywhere(
        self,
        waits_in: Callable[[AsyncConnection, Sequence[str]], Awaitable[str | None]],
        step: _Step,
        stopped: asyncio.Event,
    ) -> int:
        """Take the step in each country where something waits, as long as it comes to anything.

        A country whose step fails, or that another worker is at, is passed over in this round: it
        must not stand before the others.
        """
        whole, passed = 0, list[str]()
        while not stopped.is_set():
            async with self._engine.begin() as connection:
                country = await waits_in(connection, passed)
            if country is None:
                break
            try:
                async with self._engine.begin() as connection:
                    came = await step(connection, country)
            except Exception as fault:  # noqa: BLE001 - the other countries' people are told
                _LOG.error("telling failed", country=country, **fault_of(fault))
                came = 0
            if came == 0:
                passed.append(country)
            whole += came
        return whole
