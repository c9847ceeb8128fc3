"""Hands laid on the log at random, one at a time: is every one found, and no honest log accused?

Two questions (security.md 9, B2). *Honest*: so many logs of random length and shape verify without a
finding. *Tampered*: in a log of 400 entries something random is done, past every guard: a byte or
bit of a column changed, a row taken out, doubled, or exchanged with another; the verification of the
same moment must find it. What nothing depends on is listed in ``BESIDE``, and left alone.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from referral.audit.roots import Trusted
from referral.audit.verify import verify_within
from tests.bench import long_log
from tests.bench.stand import new_stand

_ENTRIES: Final = 400
# The log: what is proved. Rows of signatures may be lost without anything else being wrong.
TABLES: Final = {
    "referral.audit_entry": True,
    "referral.audit_body": True,
    "referral.stream_head": True,
    "log.position": True,
    "log.tile": True,
    "log.epoch": True,
    "log.checkpoint": False,
    "log.cosignature": False,
    "log.witness": True,
}
# Columns that say when or for whom something was kept; nothing is proved by them.
BESIDE: Final = {
    *("audit_entry.xid", "audit_body.key_version", "checkpoint.signed_at", "checkpoint.seen_at"),
    *("cosignature.kept_at", "epoch.entry_id", "epoch.opened_at"),
}


def run(*, mutations: int = 10_000, histories: int = 1_000, seed: int = 1) -> dict[str, Any]:
    """Both questions; every mutation that was not found is told."""
    with new_stand() as stand:
        url = stand.database.superuser_url.rsplit("/", 1)[0] + "/referral"
        return asyncio.run(_asked(url, mutations, histories, seed))


async def _asked(url: str, times: int, histories: int, seed: int) -> dict[str, Any]:
    connection = await asyncpg.connect(url)
    chance = random.Random(seed)  # noqa: S311 - which hand is laid on, no secret
    try:
        accused = 0
        for one in range(histories):
            async with _undone(connection):
                await long_log.write(connection, chance.randint(1, 300), seed=seed + one)
                accused += bool(await _found(connection))
        await long_log.write(connection, _ENTRIES, seed=seed)
        missed, done = list[str](), Counter[str]()
        while done.total() < times:
            async with _undone(connection):
                hand = await _lay_hand_on(connection, chance)
                if hand is not None:
                    done[hand.split(" ", 1)[0]] += 1
                    missed += [] if await _found(connection) else [hand]
    finally:
        await connection.close()
    return {
        "honest_logs": histories,
        "accused": accused,
        "mutations": done.total(),
        "by_kind": dict(done),
        "missed": len(missed),
        "missed_ones": missed[:50],
    }


async def _found(connection: asyncpg.Connection) -> bool:
    trusted = Trusted(log=(long_log.KEY,))
    return bool((await verify_within(connection, trusted=trusted)).problems)


@asynccontextmanager
async def _undone(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """A transaction past every guard, rolled back at the end."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute("SET LOCAL session_replication_role = replica")
        yield
    finally:
        await transaction.rollback()


async def _lay_hand_on(connection: asyncpg.Connection, chance: random.Random) -> str | None:
    """Do something; None when it came to nothing (a key was taken, a value was the same)."""
    table = chance.choice(list(TABLES))
    rows = await connection.fetch(f"SELECT ctid AS place, * FROM {table}")
    row, other = chance.choice(rows), chance.choice(rows)
    columns = [name for name in dict(row) if f"{table.split('.')[1]}.{name}" not in BESIDE]
    column = chance.choice([name for name in columns if name != "place"])
    kind = chance.choice(("change", "exchange", "remove" if TABLES[table] else "change"))
    new = other[column] if kind == "exchange" else _altered(row[column], chance)
    if new == row[column] and kind != "remove":
        return None
    try:
        async with connection.transaction():
            if kind == "remove":
                await connection.execute(f"DELETE FROM {table} WHERE ctid = $1", row["place"])
            else:
                changes = [(new, row["place"])]
                changes += [(row[column], other["place"])] if kind == "exchange" else []
                # A changed row moves: the other one is still where it was.
                await connection.executemany(
                    f"UPDATE {table} SET {column} = $1 WHERE ctid = $2",
                    changes,
                )
    except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError):
        return None
    return f"{kind} {table}.{column}: {row[column]!r:.80} -> {new!r:.80}"


def _altered(value: Any, chance: random.Random) -> Any:
    """Something else of the same kind: a bit, a letter, a number, a moment, an identity."""
    match value:
        case bytes():
            changed = bytearray(value)
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
            return bytes(changed)
        case str():
            at = chance.randrange(len(value)) if value else 0
            return value[:at] + chance.choice("abcxyz0189 {}") + value[at + 1 :]
        case int():
            return value + chance.choice((-1, 1, 2, 1000))
        case datetime():
            return value + timedelta(microseconds=chance.choice((-1, 1, 10**6, -(10**9))))
        case _:
            return UUID(int=chance.getrandbits(128), version=4)
