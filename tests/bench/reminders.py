"""How late a reminder is: two processes of the clockwork on a real clock, a million clocks open.

The open ones are rows of clocks alone, due later on; the cases that are reminded within the minute
are whole. Lateness is from the moment a reminder was due until it is committed, by looking ten
times a second.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import datetime, timedelta
from multiprocessing import get_context
from statistics import quantiles
from typing import Any
from uuid import UUID

from referral import worker
from tests.bench.lapse import FILED, MODELS, clockwork, connected, fill
from tests.bench.stand import Stand, new_stand

BEGIN = FILED + timedelta(hours=12, seconds=-5)
LASTS = MODELS + 15.0  # seconds
_LOOK = 0.1

_OPEN = """
INSERT INTO referral.clock (id, hand_off_id, referral_id, case_id, country, clock, step, starts_at, due_at, state, rung, rungs, next_at, immediate, basis, derivation, calendar, sources, extensions, stood)
    SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), s.country, s.clock, s.step, s.starts_at, s.due_at, s.state, s.rung, s.rungs,
        s.next_at + interval '1 hour' + n * interval '2 seconds', s.immediate, s.basis, s.derivation, s.calendar, s.sources, s.extensions, s.stood
    FROM generate_series(1, $1) n, (SELECT * FROM referral.clock ORDER BY id LIMIT 1) s
"""


def run(*, cases: int = 1_200, rows: int = 1_000_000, seed: int = 1) -> dict[str, Any]:
    """So many reminders within a minute, among so many open clocks."""
    cases = min(cases, 12_000)
    with new_stand() as stand:
        asyncio.run(_fill(stand, cases, rows, seed))
        late = _remind(stand)
    cuts = quantiles(late, n=100) if len(late) > 1 else []
    return {
        "open_clocks": rows,
        "reminders": cases + MODELS,
        "seen": len(late),
        "needed_p99_seconds": 5,
        **({"p50_seconds": round(cuts[49], 2), "p99_seconds": round(cuts[98], 2)} if cuts else {}),
        "most_seconds": round(max(late, default=0), 2),
    }


async def _fill(stand: Stand, cases: int, rows: int, seed: int) -> None:
    await fill(stand, cases, seed, reminded=False)
    connection = await connected(stand)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(_OPEN, rows)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


def _remind(stand: Stand) -> list[float]:
    context = get_context("spawn")
    ready, begun = context.Barrier(3), context.Value("d", 0.0)
    told = (stand.database.url("worker"), stand.root_key, ready, begun)
    running = [context.Process(target=_alone, args=told) for _ in range(2)]
    for one in running:
        one.start()
    ready.wait(120)
    begun.value = time.time()  # from here the minute runs
    ready.wait(120)
    late = asyncio.run(_watch(stand, begun.value))
    for one in running:
        one.terminate()
        one.join(30)
    return late


def _alone(url: str, root_key: str, ready: Any, begun: Any) -> None:
    made = clockwork(url, root_key)
    ready.wait(120)
    ready.wait(120)
    began: float = begun.value
    asyncio.run(worker.run(replace(made, clock=lambda: _shifted(began))))


def _shifted(began: float) -> datetime:
    """The wall clock, moved to the cases' own time."""
    return BEGIN + timedelta(seconds=time.time() - began)


async def _watch(stand: Stand, began: float) -> list[float]:
    connection = await connected(stand)
    seen: dict[UUID, float] = {}
    while time.time() - began < LASTS:
        rows = await connection.fetch(
            "SELECT id, (header::jsonb ->> 'occurred_at')::timestamptz AS due FROM referral.audit_entry"
            " WHERE act = 'hand_off.reminded' AND NOT id = ANY ($1::uuid[])",
            list(seen),
        )
        now = _shifted(began)
        seen |= {row["id"]: (now - row["due"]).total_seconds() for row in rows}
        await asyncio.sleep(_LOOK)
    await connection.close()
    return list(seen.values())
