"""Oversight over ten million hand-offs: pages, roll-ups, and what keeping them costs an act.

Each question is asked as a room answers it, for one actor, in its own transaction; HTTP and the page
are not in it. The raw query counts the same medians from the hand-offs, in the same run, as a role
that row security does not narrow (a coordinator has no way to ask it).
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import UUID

import asyncpg

from agencies.identity import digest_of
from referral import queries, rolling
from referral.database import as_json, make_engine
from referral.entry import Installation
from referral.errors import Refusal
from referral.figures import Cut, Group, Measure, Period, month_of, months_on
from referral.session import Actor, WriteSession
from tests.bench.oversight_inserts import Inserting, in_turn
from tests.bench.oversight_rows import copy_in, drawn, furnish, give_parts
from tests.bench.stand import Stand, database_cpu, new_stand

_FEW = 10_000
_DRAWN = 400_000  # drawn one by one; more of them are these again
_RAW = """
SELECT date_trunc('month', h.requested_at), h.receiver_agency, h.track, count(*),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY h.received_at - h.requested_at) FILTER (WHERE h.received_at >= h.requested_at AND NOT h.attested),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY h.accepted_at - h.received_at) FILTER (WHERE h.accepted_at >= h.received_at AND NOT h.attested)
FROM referral.hand_off h WHERE h.country = 'ZZ' AND h.requested_at >= $1 AND h.requested_at < $2 AND h.kind <> 'notice' AND h.in_error IS NOT TRUE
GROUP BY 1, 2, 3
"""
_SIZES = """
SELECT relname, pg_total_relation_size(oid) / 1000000 FROM pg_class
WHERE relname IN ('hand_off', 'clock', 'figure', 'figure_cell', 'figure_limit', 'figure_unit_cell', 'figure_unit_limit') AND relkind = 'r'
"""
_FORGET = """
TRUNCATE referral.figure, referral.figure_cell, referral.figure_limit, referral.figure_month, referral.figure_mark,
    referral.figure_unit_cell, referral.figure_unit_limit, referral.figure_unit_month, referral.figure_unit_mark
"""
_KEPT = """
SELECT f.month, f.agency_id, f.track, f.counts[1], f.estimates[1], f.estimates[5]
FROM referral.figure f WHERE f.cut = 'agency_track' AND f.month >= $1 AND f.month < $2
"""


@dataclass(frozen=True, slots=True)
class Asking:
    """The installation as one person asks it."""

    installation: Installation
    stand: Stand

    async def ask(self, part: str, question: Any, *about: Any, **more: Any) -> Any:
        """One question, as a door asks it."""
        now = datetime.now(UTC)
        async with self.installation.engine.connect() as connection, connection.begin():
            credential = digest_of(self.stand.token(part))
            row = await as_json(connection, "SELECT referral.begin_actor($1, $2)", credential, now)
            session = WriteSession(
                connection, self.installation.vault, self.installation.catalogue, "bench"
            )
            return await question(session, Actor.from_row(row), *about, now=now, **more)


async def _times(stand: Stand, times: int, what: Callable[[], Awaitable[Any]]) -> dict[str, float]:
    """Milliseconds: half of them, and 95 in 100; and the processor's, of both sides together."""
    await what()
    taken, before = [], time.process_time() + database_cpu(stand)
    for _ in range(times):
        began = time.perf_counter()
        answer = await what()
        taken.append((time.perf_counter() - began) * 1000)
        assert not isinstance(answer, Refusal), answer
    spent = (time.process_time() + database_cpu(stand) - before) * 1000 / times
    found = {"p50": median(taken), "p95": quantiles(taken, n=20)[-1], "processor": spent}
    return {name: round(value, 1) for name, value in found.items()}


def run(*, rows: int = 1_000_000, seed: int = 1, keep: Path | None = None) -> dict[str, Any]:
    """Draw, copy in, roll up, ask; needed figures stand beside the measured ones.

    ``keep``: where the filled databases stay, so that another run (of the same month) has them.
    """
    many, few = (keep and keep / f"{count}-{seed}" for count in (rows, _FEW))
    with new_stand(many) as stand, new_stand(few) as small:
        return asyncio.run(_run(stand, small, rows, seed))


async def _run(stand: Stand, small: Stand, rows: int, seed: int) -> dict[str, Any]:
    now = datetime.now(UTC)
    found: dict[str, Any] = {"hand_offs": rows, "load": [_load()]}
    began = time.perf_counter()
    few, _ = await _filled(small, _FEW, seed, now)
    connection, largest = await _filled(stand, rows, seed, now)
    found["copied_in_s"] = round(time.perf_counter() - began)
    found["inserts"] = await in_turn(
        await Inserting.on(few, small, now), await Inserting.on(connection, stand, now)
    )
    await few.close()
    found["load"].append(_load())
    await connection.execute(_FORGET)
    found |= await _rolled(stand, now)
    await connection.execute("VACUUM ANALYZE", timeout=3600)
    found["load"].append(_load())
    found |= await _asked(stand, largest, now)
    found["all_agencies_month_topic"] = await _against_raw(connection, now)
    found["load"].append(_load())
    found["megabytes"] = {name: int(size) for name, size in await connection.fetch(_SIZES)}
    await connection.close()
    return found


def _load() -> float:
    """How many processes wanted a processor in the last minute; there are two for everybody."""
    return round(os.getloadavg()[0], 1)


async def _filled(stand: Stand, rows: int, seed: int, now: datetime) -> tuple[Any, UUID]:
    """A connection to so many hand-offs, and the largest agency."""
    url = stand.database.superuser_url.rsplit("/", 1)[0] + "/referral"
    connection = await asyncpg.connect(url, timeout=60)
    filled = stand.folder / "filled"
    if not filled.exists():
        draw = random.Random(seed)  # noqa: S311 - chance, not secrets
        unit = stand.players["protection_supervisor.zz"].unit_id
        units = await furnish(connection, draw, unit)
        times = -(-rows // _DRAWN)
        await copy_in(connection, drawn(draw, units, now, rows // times), times)
        await give_parts(connection, unit)
        await connection.execute("VACUUM ANALYZE", timeout=3600)
        filled.write_text(str(units[0].agency))
    return connection, UUID(filled.read_text())


async def _rolled(stand: Stand, now: datetime) -> dict[str, Any]:
    """Every month, one after the other, by the clockwork's own role; then those of supervised units.

    Beside the seconds the processor's: what else the machine does is not in them.
    """
    engine = make_engine(stand.database.url("worker"), pool_size=2)
    catalogue = stand.installation(2).catalogue
    found: dict[str, Any] = {"needed_roll_up_s": 5}
    for name, make in (("roll_up", rolling.roll), ("two_years_of_a_unit", rolling.roll_unit)):
        taken, spent = [], []
        while True:
            began, before = time.perf_counter(), time.process_time() + database_cpu(stand)
            if await make(engine, catalogue, "ZZ", now) is None:
                break
            taken.append(time.perf_counter() - began)
            spent.append(time.process_time() + database_cpu(stand) - before)
        found[f"{name}s"] = len(taken)
        for what, times in (("s", taken), ("processor_s", spent)):
            found[f"{name}_{what}"] = {"p50": round(median(times), 2), "most": round(max(times), 2)}
    await engine.dispose()
    return found


async def _asked(stand: Stand, largest: UUID, now: datetime) -> dict[str, Any]:
    installation = stand.installation(4)
    gc.freeze()  # as the service does when it has started
    asking = Asking(installation, stand)
    running = month_of(now, UTC)  # type: ignore[arg-type]
    closed, agency = months_on(running, -1), Group(agency_id=largest)
    year, whole = Period.until(closed, 12), Period.until(closed, 24)
    found: dict[str, Any] = {"needed_overview_p95_ms": 300, "needed_one_agency_ms": 50}

    async def measured(
        name: str, part: str, times: int, question: Any, *about: Any, **more: Any
    ) -> None:
        found[name] = await _times(stand, times, lambda: asking.ask(part, question, *about, **more))

    country, unit = "coordinator", "protection_supervisor"
    await measured("overview", country, 40, queries.overview_in)
    await measured("overview_with_current_month", country, 40, queries.overview_in, month=running)
    await measured("overview_of_a_unit", unit, 40, queries.overview_in)
    await measured(
        "overview_of_a_unit_with_current_month", unit, 40, queries.overview_in, month=running
    )
    await measured("first_page_of_a_supervisor", unit, 40, _first_page)
    await measured("one_agency_24_months", country, 40, queries.series_of, only=agency)
    await measured(
        "current_month_by_agency",
        country,
        20,
        queries.figures_by,
        Cut.AGENCY,
        Period.month(running),
    )
    about = (Measure.ACCEPTED, year)
    await measured(
        "largest_agency_12_months_curve", country, 5, queries.curve_of, *about, only=agency
    )
    await measured("limits_of_largest_12_months", country, 5, queries.limits_of, year, only=agency)
    await measured("behind_a_number", unit, 5, queries.behind_figure, whole)
    await installation.engine.dispose()
    return found


async def _first_page(session: WriteSession, actor: Actor, *, now: datetime) -> Any:
    """What ``/oversight`` asks, one question after the other."""
    left = await queries.left_in(session, actor, now=now)
    assert not isinstance(left, Refusal)
    for question in (queries.overdue_in, queries.holder_idle_in, queries.imported_first_referrals):
        assert not isinstance(await question(session, actor, now=now), Refusal)
    return await queries.response_times_in(session, actor, left=left, now=now)


async def _against_raw(connection: Any, now: datetime) -> dict[str, Any]:
    """The table of all agencies by month and topic: from the roll-up, and from the hand-offs."""
    ends = month_of(now, UTC)  # type: ignore[arg-type]
    begins = months_on(ends, -24)
    moments = [datetime(day.year, day.month, 1, tzinfo=UTC) for day in (begins, ends)]
    taken: list[float] = []
    kept: list[Any] = []
    for _ in range(7):
        began = time.perf_counter()
        kept = await connection.fetch(_KEPT, begins, ends)
        taken.append(time.perf_counter() - began)
    began = time.perf_counter()
    raw = await connection.fetch(_RAW, *moments, timeout=timedelta(hours=1).total_seconds())
    once = time.perf_counter() - began
    assert sum(row[3] for row in kept) == sum(row[3] for row in raw), "they count the same"
    return {
        "rows": len(kept),
        "from_roll_up_ms": round(median(taken) * 1000),
        "needed_ms": 500,
        "raw_ms": round(once * 1000),
        "times_faster": round(once / median(taken)),
        "needed_times_faster": 10,
    }
