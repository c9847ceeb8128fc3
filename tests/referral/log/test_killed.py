"""Killed at any moment, sequencer and signer lose nothing, double nothing, contradict nothing."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from referral.audit import merkle
from referral.audit.checkpoints import hashes_of
from referral.audit.proof import Checkpoint, Note, leaf_hash
from tests.referral.log.definition import root_of
from tests.referral.log.running import Log

PROGRAM = Path(__file__).with_name("at_work.py")
ROUNDS = 5
PATIENCE = 60.0  # seconds for a process on a busy machine


def started(log: Log, what: str) -> subprocess.Popen[bytes]:
    """Sequencer or signer, as a process that can be killed."""
    environment = {
        **os.environ,
        "LOG_URL": log.house.database.url_of(what),
        "LOG_FOLDER": str(log.folder),
        "LOG_KEY": log.key.written(),
    }
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), what], env=environment, stdout=subprocess.PIPE
    )


async def size_of(log: Log, statement: str) -> int:
    """One number."""
    [row] = await log.house.rows(statement)
    return int(row[0] or 0)


async def until(log: Log, statement: str, least: int) -> None:
    """Wait for the processes: they end it, or their patience does."""
    async with asyncio.timeout(PATIENCE):
        while await size_of(log, statement) < least:
            await asyncio.sleep(0.01)


PLACED = "SELECT max(position) + 1 FROM log.position"
SIGNED = "SELECT max(size) FROM log.checkpoint"


async def filled(log: Log, entries: int) -> None:
    """Entries as they stand, many in one transaction each: what they say is all one."""
    connection = await asyncpg.connect(log.house.database.superuser_url)
    await connection.execute(
        "WITH s AS (INSERT INTO referral.stream_head VALUES (gen_random_uuid(), 'case', "
        "gen_random_uuid(), 'ZZ', 0, '\\x00', NULL) RETURNING stream_id) "
        "INSERT INTO referral.audit_entry (id, stream_id, seq, country, header, hash, at, act, "
        "actor, object_type) SELECT uuidv7(), s.stream_id, n, 'ZZ', 'entry ' || n, '\\x00', "
        "$1, 'a', 'b', 'c' FROM s, generate_series(1, $2) n",
        *(log.house.at(), entries),
    )
    await connection.close()


@pytest.mark.parametrize("what", ["sequencer", "signer"])
async def test_killed_again_and_again_the_log_is_what_it_would_have_been(
    log: Log, what: str
) -> None:
    log.house.honest = False  # the entries are no real ones
    chance = random.Random(5)  # noqa: S311 - when to kill
    other = started(log, "signer" if what == "sequencer" else "sequencer")
    whole = 0
    try:
        for _ in range(ROUNDS):
            process = started(log, what)
            for _ in range(4):
                count = chance.randrange(256, 900)
                await filled(log, count)
                whole += count
            before = await size_of(log, PLACED if what == "sequencer" else SIGNED)
            await until(log, PLACED if what == "sequencer" else SIGNED, before + 1)
            await asyncio.sleep(chance.random() / 20)
            process.kill()
            process.communicate()
        process = started(log, what)
        await until(log, PLACED, whole)
        await filled(log, 300)
        await until(log, SIGNED, whole + 300)
        process.terminate()
        assert process.wait(PATIENCE) == 0, "told to stop, it stops in order"
        process.communicate()
    finally:
        other.terminate()
        with suppress(subprocess.TimeoutExpired):
            other.communicate(timeout=PATIENCE)
        other.kill()
    await holds(log, whole + 300)


async def holds(log: Log, whole: int) -> None:
    """Every entry once, in order; every checkpoint is the root of what stands."""
    entries = await log.house.rows("SELECT id, header FROM referral.audit_entry ORDER BY xid, id")
    places = await log.house.rows("SELECT entry_id, position FROM log.position ORDER BY position")
    assert [tuple(row) for row in places] == [(row["id"], n) for n, row in enumerate(entries)]
    assert len(entries) == whole
    leaves = [leaf_hash(row["header"].encode()) for row in entries]
    edge, roots = merkle.Frontier(), {}
    for leaf in leaves:
        edge.append(leaf)
        roots[edge.size] = edge.root
    assert edge.root == root_of(leaves)
    rows = await log.house.rows("SELECT size, note FROM log.checkpoint ORDER BY size")
    assert rows
    for row in rows:
        note = Note.read(row["note"])
        assert set(note.check([log.key.key])) == {log.key.name}
        assert Checkpoint.read(note.text) == Checkpoint(
            log.key.name, row["size"], roots[row["size"]]
        )
    async with log.by("app") as connection:
        assert await hashes_of(connection, 1, [(0, whole)]) == (edge.root,)
    assert await log.alarms() == {}
