"""Sequencer and signer beside a stand, as they run in production: each a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from referral import audit
from referral.audit import epochs
from referral.audit.key_files import SIGNS, SigningKey
from referral.audit.memory import MANY
from referral.audit.streams import log_system
from referral.database import make_engine
from referral.entry import Installation
from referral.session import WriteSession
from tests.bench.stand import Stand

ORIGIN = "log.bench.invalid/1"
PROCESSES = ("sequencer", "signer")
_UNSIGNED = """
SELECT (SELECT count(*) FROM referral.audit_entry e WHERE (e.xid, e.id) > (
    SELECT l.xid, l.id FROM log.position p JOIN referral.audit_entry l ON l.id = p.entry_id
    WHERE p.epoch = 1 ORDER BY p.position DESC LIMIT 1)) AS unplaced,
    (SELECT max(position) + 1 FROM log.position) - (SELECT max(size) FROM log.checkpoint) AS unsigned,
    (SELECT count(*) FROM log.pulse WHERE at > $1) AS at_work
"""


def begin(stand: Stand) -> None:
    """The first epoch, with a key beside the database."""
    asyncio.run(_begin(stand))


async def _begin(stand: Stand) -> None:
    file = stand.folder / "log_key"
    file.write_text(SigningKey.new(ORIGIN, SIGNS).written())
    engine = make_engine(stand.database.url("migrator"), pool_size=1)
    async with engine.begin() as connection:
        key = SigningKey.read(file.read_text()).key
        await epochs.begin(connection, key, datetime.now(UTC))
    await engine.dispose()


@contextmanager
def running(stand: Stand) -> Iterator[list[int]]:
    """Both at work; the ids of their processes."""
    environment = {n: v for n, v in os.environ.items() if not n.startswith("REFERRAL_")}
    environment["REFERRAL_DATA_DIR"] = str(stand.folder)
    commands = (["-m", "referral.signing", "30"], ["-m", "referral", "log", "sequence"])
    started = [
        subprocess.Popen(
            [sys.executable, *words],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for words in commands
    ]
    try:
        yield [process.pid for process in started]
    finally:
        for process in started:
            process.terminate()
            process.communicate(timeout=30)


@contextmanager
def paused(processes: list[int]) -> Iterator[None]:
    """Halted as they stand, so that going on costs no start."""
    for one in processes:
        os.kill(one, signal.SIGSTOP)
    try:
        yield
    finally:
        for one in processes:
            os.kill(one, signal.SIGCONT)


async def seconds_of(stand: Stand, processes: list[int], *roles: str) -> float:
    """Seconds of a processor these and the sessions of these roles have used so far (Linux)."""
    connection = await asyncpg.connect(superuser(stand))
    found = await connection.fetch(
        "SELECT pid FROM pg_stat_activity WHERE usename = ANY ($1)",
        [f"referral_{r}" for r in roles],
    )
    await connection.close()
    ticks = 0
    for one in (*processes, *(row["pid"] for row in found)):
        told = Path(f"/proc/{one}/stat").read_text("utf-8").rpartition(")")[2].split()
        ticks += int(told[11]) + int(told[12])
    return ticks / os.sysconf("SC_CLK_TCK")


async def caught_up(stand: Stand, *, within: float = 900.0) -> float:
    """Wait until both have started and whatever was written is signed; how long that took, in seconds.

    A process that starts costs seconds of the machine: it must not be measured as if it worked.
    """
    connection = await asyncpg.connect(superuser(stand))
    began, now = time.perf_counter(), datetime.now(UTC)
    try:
        while time.perf_counter() - began < within:
            row = await connection.fetchrow(_UNSIGNED, now)
            # What is below the threshold for signing at once is signed within a minute.
            signed = row["unsigned"] is not None and row["unsigned"] < MANY
            if row["at_work"] == len(PROCESSES) and row["unplaced"] == 0 and signed:
                return time.perf_counter() - began
            await asyncio.sleep(0.1)
    finally:
        await connection.close()
    message = f"not signed within {within} s"
    raise TimeoutError(message)


def superuser(stand: Stand, database: str = "referral") -> str:
    """The superuser's address in a database."""
    return f"{stand.database.superuser_url.rsplit('/', 1)[0]}/{database}"


async def append(installation: Installation, connection: AsyncConnection) -> None:
    """One entry in a transaction of its own, through every door there is."""
    async with connection.begin():
        await connection.exec_driver_sql("SELECT referral.begin_worker('ZZ')")
        session = WriteSession(connection, installation.vault, installation.catalogue, "bench")
        about: Any = ("witness", uuid4())
        await log_system(
            session,
            audit.Done.WITNESS_ENROLLED,
            by=audit.CLOCKWORK,
            about=about,
            now=datetime.now(UTC),
        )
