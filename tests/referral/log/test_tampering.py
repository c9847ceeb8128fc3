"""Each attack on the log, at its beginning, middle, end and anywhere: always found, and where.

The log here is written straight into the tables, honestly; the hand laid on it is somebody's above
all rights, who knows how everything hangs together. What only an old checkpoint can tell is shown
with and without one, so that nobody believes more of the log than is true.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
import yaml

from referral.audit.proof import Checkpoint, Key, Note, signed_by
from referral.audit.roots import Trusted
from referral.audit.verify import verify_within
from tests.bench import long_log
from tests.conftest import Database

ENTRIES = 60
PLACES = (0, ENTRIES // 2, ENTRIES - 1, random.Random(7).randrange(ENTRIES))  # noqa: S311
_WORDS = {
    "{here}": "(SELECT entry_id FROM log.position WHERE position = $1)",
    "{entries}": str(ENTRIES),
    "{left}": str(ENTRIES - 5),
}


def _told(done: str) -> str:
    for word, meaning in _WORDS.items():
        done = done.replace(word, meaning)
    return done


_FILE = yaml.safe_load(Path(__file__).with_name("attacks.yaml").read_text("utf-8"))
ATTACKS = {name: _told(done) for name, done in _FILE["at_a_place"].items()}
EVERYTHING = (
    *("log.cosignature", "log.checkpoint", "log.tile", "log.position", "log.epoch", "log.witness"),
    *("referral.audit_body", "referral.audit_entry", "referral.stream_head"),
)


async def _log(database: Database, seed: int = 1) -> asyncpg.Connection:
    connection = await asyncpg.connect(database.superuser_url)
    await long_log.write(connection, ENTRIES, seed=seed)
    return connection


@asynccontextmanager
async def undone(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Past every guard, and rolled back."""
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("SET LOCAL session_replication_role = replica")
    try:
        yield
    finally:
        await transaction.rollback()


async def found(connection: asyncpg.Connection, *seen: Note) -> list[str]:
    trusted = Trusted(log=(long_log.KEY,), checkpoints=seen)
    async with connection.transaction():
        problems = (await verify_within(connection, trusted=trusted)).problems
    return [f"{one.where}: {one.what}" for one in problems]


async def checkpoint(connection: asyncpg.Connection) -> Note:
    return Note.read(await connection.fetchval("SELECT note FROM log.checkpoint"))


async def test_every_hand_laid_on_it_is_found_wherever_it_is_laid(database: Database) -> None:
    connection = await _log(database)
    try:
        assert await found(connection, await checkpoint(connection)) == []
        missed = []
        for name, done in ATTACKS.items():
            for place in PLACES:
                async with undone(connection):
                    assert await connection.execute(done, place) not in {
                        "UPDATE 0",
                        "DELETE 0",
                        "INSERT 0 0",
                    }
                    missed += [] if await found(connection) else [f"{name} at {place}"]
        assert missed == []
    finally:
        await connection.close()


async def test_a_tail_cut_with_all_that_speaks_of_it_takes_an_old_checkpoint(
    database: Database,
) -> None:
    connection = await _log(database)
    try:
        seen = await checkpoint(connection)
        async with undone(connection):
            await connection.execute(_told(_FILE["tail_cut"]))
            assert await found(connection) == []  # this much is beyond what the database can tell
            [problem] = await found(connection, seen)
        assert "the tail was cut" in problem
    finally:
        await connection.close()


async def test_a_whole_history_written_anew_and_signed_with_the_stolen_key(
    database: Database,
) -> None:
    connection = await _log(database)
    seen = await checkpoint(connection)
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(f"TRUNCATE {', '.join(EVERYTHING)} CASCADE")
        await long_log.write(connection, ENTRIES, seed=2)
        assert await found(connection) == []  # signed with the right key: it is whole in itself
        [problem] = await found(connection, seen)
        assert "no longer lead to its root" in problem
    finally:
        await connection.close()


async def test_what_waits_for_its_place_is_read_and_not_counted_as_placed(
    database: Database,
) -> None:
    connection = await _log(database)
    try:
        async with undone(connection):
            await connection.execute("DELETE FROM log.position WHERE position >= $1", ENTRIES - 2)
            read = await verify_within(connection, trusted=Trusted(log=(long_log.KEY,)))
        assert (read.entries, read.placed, read.streams) == (ENTRIES, ENTRIES - 2, 3)
        async with undone(connection):
            await connection.execute("DELETE FROM log.position WHERE position = 5")
            assert "tree 1: 1 of its 60 places are empty" in await found(connection)
    finally:
        await connection.close()


async def test_a_checkpoint_of_another_log_or_key_is_no_proof(database: Database) -> None:
    connection = await _log(database)
    try:
        honest = await checkpoint(connection)
        other = Key("log.other.example/1", 1, long_log.KEY.public)
        text = str(Checkpoint(other.name, 1, bytes(32)))
        elsewhere = Note.read(text + "\n" + signed_by(long_log.SIGNER, other.name, text))
        assert "no tree here has that name" in (await found(connection, elsewhere))[0]
        forged = Note(honest.text.replace(f"\n{ENTRIES}\n", "\n7\n"), honest.signatures)
        assert "does not fit" in (await found(connection, forged))[0]
        async with connection.transaction():
            read = await verify_within(connection, trusted=Trusted(log=(other,)))
        assert "which is not trusted" in read.problems[0].what
    finally:
        await connection.close()


@pytest.mark.parametrize("entries", [0, 1, 255, 256, 257])
async def test_honest_logs_of_every_shape_are_not_accused(database: Database, entries: int) -> None:
    connection = await asyncpg.connect(database.superuser_url)
    try:
        await long_log.write(connection, entries)
        async with connection.transaction():
            read = await verify_within(connection, trusted=Trusted(log=(long_log.KEY,)))
        assert read.problems == []
        assert (read.entries, read.placed, read.signed) == (entries, entries, entries)
    finally:
        await connection.close()
