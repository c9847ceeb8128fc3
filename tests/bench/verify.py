"""The whole log verified on this machine: entries, trees, effects (security.md 9, B6)."""

from __future__ import annotations

import asyncio
import resource
import time
from typing import Any

import asyncpg

from referral.audit.proof import Note
from referral.audit.roots import Trusted
from referral.audit.verify import verify
from tests.bench import long_log
from tests.bench.stand import new_stand


def run(*, entries: int = 1_000_000) -> dict[str, Any]:
    """Write a long log, verify it, change one byte in the middle and verify again."""
    with new_stand() as stand:
        url = stand.database.superuser_url.rsplit("/", 1)[0] + "/referral"
        note = asyncio.run(_write(url, entries))
        trusted = Trusted(log=(long_log.KEY,), checkpoints=(note,))
        began, used = time.perf_counter(), _processor_time()
        honest = asyncio.run(verify(stand.database.url("auditor_ro"), trusted=trusted))
        seconds, processor = time.perf_counter() - began, _processor_time() - used
        asyncio.run(_tamper(url, entries // 2))
        tampered = asyncio.run(verify(stand.database.url("auditor_ro"), trusted=trusted))
    return {
        "entries": honest.entries,
        "false_alarms": len(honest.problems),
        "seconds": round(seconds, 1),
        "needed_seconds": 30,
        "reader_processor_seconds": round(processor, 1),
        "one_byte_changed": [f"{one.where}: {one.what}" for one in tampered.problems],
    }


async def _write(url: str, entries: int) -> Note:
    connection = await asyncpg.connect(url)
    try:
        await long_log.write(connection, entries)
        return Note.read(await connection.fetchval("SELECT note FROM log.checkpoint"))
    finally:
        await connection.close()


async def _tamper(url: str, position: int) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(
            "UPDATE referral.audit_entry SET header = replace(header, 'self', 'role') "
            "WHERE id = (SELECT entry_id FROM log.position WHERE position = $1)",
            position,
        )
    finally:
        await connection.close()


def _processor_time() -> float:
    return sum(
        used.ru_utime + used.ru_stime
        for used in (
            resource.getrusage(resource.RUSAGE_SELF),
            resource.getrusage(resource.RUSAGE_CHILDREN),
        )
    )
