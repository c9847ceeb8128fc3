"""A long log is read by several at once: they find what one alone finds, in the same moment."""

from __future__ import annotations

import pytest

from referral.audit import verify
from referral.audit.findings import Findings
from tests.referral.log.running import Log

Far = list[tuple[int, int]]


async def read(log: Log) -> tuple[Findings, Far]:
    """What is found, and how far the reading had come each time it was told."""
    far: Far = []
    found = await verify.verify(
        log.house.database.url_of("auditor_ro"), lambda *told: far.append(told)
    )
    return found, far


async def test_several_find_what_one_alone_finds(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    log.house.honest = False
    await log.grow(30)
    await log.superuser("UPDATE referral.audit_entry SET header = header || ' ' WHERE seq = 2")
    monkeypatch.setattr(verify, "_FEW", 30)
    monkeypatch.setattr(verify, "_PART", 10)
    alone, far = await read(log)
    assert alone.problems
    assert far == [(30, 30)]
    monkeypatch.setattr(verify, "_FEW", 29)
    several, far = await read(log)
    assert (several.entries, several.streams, several.placed) == (30, 1, 30)
    assert sorted(map(str, several.problems)) == sorted(map(str, alone.problems))
    assert len(far) == 3 + 1
    assert far[-1] == (30, 30)


async def test_whoever_verifies_changes_nothing(log: Log) -> None:
    async with verify._snapshot(log.house.database.superuser_url) as connection:
        for setting, wanted in (("read_only", "on"), ("isolation", "repeatable read")):
            assert await connection.fetchval(f"SHOW transaction_{setting}") == wanted
