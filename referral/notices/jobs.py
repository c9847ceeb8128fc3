"""The queue of letters: PgQueuer over a connection of ours, in a transaction of ours.

A job is ``COUNTRY:letter``. Due moments and retries are not the queue's: it counts by the clock of
the database, and ours is handed in (``delivering``). Only what is due by ours is put in, and it is
taken out at once. PgQueuer: MIT, https://github.com/janbjorge/pgqueuer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID, uuid4

from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.models import Job
from pgqueuer.domain.settings import DBSettings
from pgqueuer.domain.types import QueueEntrypoint, QueueManagerId
from pgqueuer.ports.repository import EntrypointExecutionParameter
from sqlalchemy.ext.asyncio import AsyncConnection

SCHEMA: Final = "queue"
LETTERS: Final = QueueEntrypoint("letters")
DANGER: Final = 10  # priority: the highest goes first
LOST_AFTER: Final = timedelta(minutes=5)  # a job taken by somebody who never came back
KEPT: Final = "7 days"  # of what was done, before it is swept

_SETTINGS: Final = DBSettings(db_schema=SCHEMA)


class Written(NamedTuple):
    """A letter that is due: its id, the attempts made so far, whether it may not wait."""

    letter: UUID
    attempt: int
    danger: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """A letter taken out of the queue, and the job it was."""

    country: str
    letter: UUID
    job: Job


class Worker:
    """One taker of letters, known to the queue by a random id."""

    def __init__(self) -> None:
        self._id = QueueManagerId(uuid4())

    async def take(
        self, connection: AsyncConnection, most: int, lost_after: timedelta = LOST_AFTER
    ) -> list[Taken]:
        """Up to ``most`` letters, the urgent first; what somebody took and lost comes again."""
        jobs = await (await queries_on(connection)).dequeue(
            batch_size=most,
            entrypoints={LETTERS: EntrypointExecutionParameter(concurrency_limit=0)},
            queue_manager_id=self._id,
            global_concurrency_limit=None,
            heartbeat_timeout=lost_after,
        )
        return [_taken(job) for job in jobs]


async def put(connection: AsyncConnection, country: str, letters: Sequence[Written]) -> None:
    """Put letters in, in the transaction that is open; one that is in already stays as it is."""
    queries = await queries_on(connection)
    await queries.enqueue(
        [str(LETTERS)] * len(letters),
        [f"{country}:{one.letter}".encode() for one in letters],
        [DANGER if one.danger else 0 for one in letters],
        dedupe_key=[f"{one.letter}:{one.attempt}" for one in letters],
        on_conflict="skip",
    )


async def end(connection: AsyncConnection, taken: Taken) -> None:
    """Done with it, however it ended: what became of it stands in its deliveries."""
    await (await queries_on(connection)).log_jobs([(taken.job, "successful", None)])


async def sweep(connection: AsyncConnection) -> None:
    """What was done long ago is forgotten."""
    await connection.exec_driver_sql(
        f"DELETE FROM {SCHEMA}.pgqueuer_log WHERE created < now() - interval '{KEPT}'"  # noqa: S608 - both are constants above
    )


async def queries_on(connection: AsyncConnection) -> Queries:
    """The library's questions on this connection, whatever transaction it is in."""
    raw = (await connection.get_raw_connection()).driver_connection
    return Queries(
        AsyncpgDriver(raw),
        qbe=QueryBuilderEnvironment(_SETTINGS),
        qbq=QueryQueueBuilder(_SETTINGS),
        qbs=QuerySchedulerBuilder(_SETTINGS),
    )


def _taken(job: Job) -> Taken:
    country, _, letter = (job.payload or b"").decode().partition(":")
    return Taken(country, UUID(letter), job)
