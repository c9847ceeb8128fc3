"""A log of millions beside one of thousands: appending, placing, proving. In one run and in turn."""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from contextlib import suppress
from dataclasses import replace
from statistics import median, quantiles
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url

from referral.audit import checkpoints, proof, sequencer
from referral.audit.checkpoints import Place
from referral.database import make_engine
from referral.entry import Installation
from tests.bench import sealed
from tests.bench.stand import Stand, new_stand

SMALL = 10_000
CHUNK = 250_000
STREAMS = 1000  # of a chunk
_STREAMS = """
INSERT INTO referral.stream_head
SELECT gen_random_uuid(), 'case', gen_random_uuid(), 'ZZ', 0, '\\x00', NULL FROM generate_series(1, $1) RETURNING stream_id
"""
_FILL = """
INSERT INTO referral.audit_entry (id, stream_id, seq, country, header, hash, at, act, actor, agency_id, object_type, object_id)
SELECT uuidv7(), ($1::uuid[])[1 + n % $2], 1 + n / $2, 'ZZ', repeat('x', 640) || n, sha256(int8send(n)), now(), 'case.filed',
    gen_random_uuid()::text, gen_random_uuid(), 'case', gen_random_uuid()
FROM generate_series(0, $3 - 1) n
"""


def run(*, entries: int = 5_000_000, times: int = 2000) -> dict[str, Any]:
    """Fill two databases, place all, then measure both in turn."""
    with new_stand() as stand:
        sealed.begin(stand)  # nothing is placed before a log is begun
        return asyncio.run(_run(stand, entries, times))


async def _run(stand: Stand, entries: int, times: int) -> dict[str, Any]:
    connection = await asyncpg.connect(sealed.superuser(stand, "postgres"))
    await connection.execute("CREATE DATABASE small TEMPLATE referral")
    await connection.close()
    found: dict[str, Any] = {"entries": entries}
    found["fill_s"] = round(await _fill(stand, "referral", entries), 1)
    await _fill(stand, "small", SMALL)
    found["append"] = await _appends(stand, times)
    print(found, file=sys.stderr, flush=True)
    seconds = await _place(stand, "referral")
    await _place(stand, "small")
    found["placed_per_second"] = round(entries / seconds)
    found["place"] = await _places(stand, times // 10)
    found["proof"] = await _proofs(stand, entries)
    return found


async def _fill(stand: Stand, name: str, entries: int) -> float:
    connection = await asyncpg.connect(sealed.superuser(stand, name))
    began = time.perf_counter()
    for start in range(0, entries, CHUNK):
        count = min(CHUNK, entries - start)
        streams = [row["stream_id"] for row in await connection.fetch(_STREAMS, STREAMS)]
        await connection.execute(_FILL, streams, STREAMS, count)
    took = time.perf_counter() - began
    await connection.execute("ANALYZE referral.audit_entry")
    await connection.execute("CHECKPOINT")
    await connection.close()
    return took


def _url(stand: Stand, role: str, name: str) -> str:
    url = make_url(stand.database.url(role)).set(database=name)
    return url.render_as_string(hide_password=False)


async def _place(stand: Stand, name: str) -> float:
    engine = make_engine(_url(stand, "sequencer", name), pool_size=1, statement_timeout=120)
    began = time.perf_counter()
    async with engine.connect() as connection:
        while await sequencer.place(connection):
            pass
    await engine.dispose()
    return time.perf_counter() - began


async def _appends(stand: Stand, times: int) -> dict[str, Any]:
    """Entries one after the other in both, in turn: whatever else the machine does meets both."""
    made = stand.installation(pool_size=1)
    names = ("small", "referral")
    inst: dict[str, Installation] = {
        name: replace(made, engine=make_engine(_url(stand, "worker", name), pool_size=1))
        for name in names
    }
    taken: dict[str, list[float]] = {name: [] for name in names}
    async with inst["small"].engine.connect() as small, inst["referral"].engine.connect() as large:
        connections = {"small": small, "referral": large}
        for turn in range(times + 200):
            for name in names if turn % 2 else names[::-1]:
                began = time.perf_counter()
                await sealed.append(inst[name], connections[name])
                if turn >= 200:
                    taken[name].append(time.perf_counter() - began)
    for one in inst.values():
        await one.engine.dispose()
    return _compared(taken)


async def _places(stand: Stand, times: int) -> dict[str, Any]:
    """A hundred entries placed, in both in turn."""
    names = ("small", "referral")
    engines = {
        name: make_engine(_url(stand, "sequencer", name), pool_size=1, statement_timeout=120)
        for name in names
    }
    fillers = {name: await asyncpg.connect(sealed.superuser(stand, name)) for name in names}
    taken: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(times):
        for name in names if turn % 2 else names[::-1]:
            streams = [row["stream_id"] for row in await fillers[name].fetch(_STREAMS, 10)]
            await fillers[name].execute(_FILL, streams, 10, 100)
            async with engines[name].connect() as connection:
                began = time.perf_counter()
                while await sequencer.place(connection) == 0:
                    await asyncio.sleep(0.005)
                taken[name].append(time.perf_counter() - began)
    for name in names:
        await fillers[name].close()
        await engines[name].dispose()
    return _compared(taken)


async def _proofs(stand: Stand, size: int) -> dict[str, Any]:
    """Inclusion and consistency at the whole size, each checked."""
    engine = make_engine(_url(stand, "app", "referral"), pool_size=1)
    found: dict[str, list[float]] = {"inclusion": [], "consistency": []}
    async with engine.connect() as connection, connection.begin():
        root = await checkpoints.root_at(connection, 1, size)
        for _ in range(300):
            index = secrets.randbelow(size)
            began = time.perf_counter()
            path = await checkpoints.inclusion(connection, Place(1, index), size)
            found["inclusion"].append(time.perf_counter() - began)
            leaf = await _leaf(connection, index)
            proof.check_inclusion(leaf, index, size, path, root)
            old = secrets.randbelow(size - 1) + 1
            began = time.perf_counter()
            path = await checkpoints.consistency(connection, 1, old, size)
            found["consistency"].append(time.perf_counter() - began)
            before = await checkpoints.root_at(connection, 1, old)
            proof.check_consistency(old, before, size, root, path)
    with suppress(Exception):
        await engine.dispose()
    return {**{name: _told(taken) for name, taken in found.items()}, "needed_ms": 5.0}


async def _leaf(connection: Any, index: int) -> bytes:
    return (await checkpoints.hashes_of(connection, 1, [(index, index + 1)]))[0]


def _compared(taken: dict[str, list[float]]) -> dict[str, Any]:
    small, large = (quantiles(taken[name], n=100) for name in ("small", "referral"))
    return {
        "small": _told(taken["small"]),
        "large": _told(taken["referral"]),
        "p99_ratio": round(large[98] / small[98], 3),
        "p50_ratio": round(large[49] / small[49], 3),
        "needed_p99_ratio": 1.2,
    }


def _told(seconds: list[float]) -> dict[str, float]:
    cuts = quantiles(seconds, n=100)
    return {
        "p50_ms": round(median(seconds) * 1000, 2),
        "p95_ms": round(cuts[94] * 1000, 2),
        "p99_ms": round(cuts[98] * 1000, 2),
    }
