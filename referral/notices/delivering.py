"""From deliveries to letters that arrive: due ones are queued, taken, sent, and marked.

At least once: who is killed between sending and marking leaves a letter that is sent again, with
the same id, by which its receiver can tell. Nothing is marked twice. It must never know how
anything is sent, nor what it is about.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from referral.database import as_json, scalar
from referral.logs import fault_of
from referral.notices import jobs
from referral.notices.channels import Channel, Later, Letter, Outcome, Refused, Told
from referral.notices.jobs import Taken, Written
from referral.notices.when import alarms, gives_up, pause_after

_LOG = structlog.get_logger("referral.notices")

AT_ONCE: Final = 8  # letters under way
BATCH: Final = 5_000  # deliveries: what one person is told of at once is one letter
LONGEST: Final = 60.0  # seconds for one attempt, whatever a channel promises

_NEXT: Final = """
SELECT country FROM referral.delivery
WHERE (state = 'waiting' AND due_at <= $1
        OR state = 'queued' AND queued_at < $1::timestamptz - interval '1 hour')
    AND country <> ALL ($2::text[])
ORDER BY due_at, id LIMIT 1
"""


async def waits_in(connection: AsyncConnection, now: datetime, passed: Sequence[str]) -> str | None:
    """The country whose deliveries are due longest; None when none is due."""
    found: str | None = await scalar(connection, _NEXT, now, list(passed))
    return found


async def write_letters(connection: AsyncConnection, country: str, now: datetime) -> int:
    """Queue up to ``BATCH`` deliveries that are due; returns how many letters. Commits nothing."""
    await scalar(connection, "SELECT referral.begin_worker($1)", country)
    rows = await connection.exec_driver_sql(
        "SELECT letter, attempt, danger FROM referral.write_letters($1, $2)", (now, BATCH)
    )
    letters = [Written(row.letter, row.attempt, row.danger) for row in rows]
    if letters:
        await jobs.put(connection, country, letters)
    return len(letters)


async def deliver(
    engine: AsyncEngine,
    channels: Mapping[str, Channel],
    taker: jobs.Worker,
    now: datetime,
    *,
    lost_after: timedelta = jobs.LOST_AFTER,
) -> list[Outcome]:
    """Take up to ``AT_ONCE`` letters, send them side by side, mark each; what became of them.

    1. Take them and commit: nobody else has them for some minutes.
    2. Send with no transaction open: a server that hangs holds up nobody but these.
    3. Mark each, and end its job, in one transaction.
    """
    async with engine.begin() as connection:
        taken = await taker.take(connection, AT_ONCE, lost_after)
    opened = [await _opened(engine, one, now) for one in taken]
    outcomes = await asyncio.gather(*(_sent(channels, letter, now) for letter in opened))
    for one, letter, outcome in zip(taken, opened, outcomes, strict=True):
        async with engine.begin() as connection:
            await scalar(connection, "SELECT referral.begin_worker($1)", one.country)
            if letter is not None and outcome is not None:
                await settle(connection, letter, outcome, now)
                if letter.channel in channels:
                    await channels[letter.channel].settled(connection, letter, outcome, now)
            await jobs.end(connection, one)
    return [outcome or Told() for outcome in outcomes]


async def _opened(engine: AsyncEngine, one: Taken, now: datetime) -> Letter | None:
    """The letter as it stands; None when nothing of it is left to send."""
    async with engine.begin() as connection:
        await scalar(connection, "SELECT referral.begin_worker($1)", one.country)
        row = await as_json(connection, "SELECT referral.letter_of($1, $2)", one.letter, now)
    return Letter.of(row) if row is not None else None


async def _sent(
    channels: Mapping[str, Channel], letter: Letter | None, now: datetime
) -> Outcome | None:
    if letter is None:
        return None
    channel = channels.get(letter.channel)
    if channel is None:
        return Later("no_channel")  # another installation may have it, or this one again
    try:
        async with asyncio.timeout(LONGEST):
            return await channel.send(letter, now)
    except Exception as fault:  # noqa: BLE001 - one letter's fault is not the others'
        _LOG.error("letter failed", code=letter.channel, **fault_of(fault))
        return Later("fault")


async def settle(
    connection: AsyncConnection, letter: Letter, outcome: Outcome, now: datetime
) -> None:
    """Write down what became of a letter; what was tried for too long is given up."""
    if isinstance(outcome, Later) and gives_up(letter.since, now):
        outcome = Refused(outcome.cause)
    again, alarm, cause = None, False, None
    if isinstance(outcome, Later):
        pause = pause_after(letter.attempt, random.random())  # noqa: S311 - it spreads, it protects nothing
        again = now + max(pause, outcome.not_before or pause)
        alarm = alarms(letter.since, now, danger=letter.danger)
    if not isinstance(outcome, Told):
        cause = outcome.cause
    word = {Told: "told", Later: "later", Refused: "refused"}[type(outcome)]
    await scalar(
        connection,
        "SELECT referral.settle_letter($1, $2, $3, $4, $5, $6)",
        *(letter.id, word, cause, again, alarm, now),
    )
