"""Oversight over ten million hand-offs: pages, roll-ups, and what keeping them costs an act.

Each question is asked as a room answers it, for one actor, in its own transaction; HTTP and the page
are not in it. The raw query counts the same medians from the hand-offs, in the same run, as a role
that row security does not narrow (a coordinator has no way to ask it).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from agencies.identity import digest_of
from referral import queries, rolling
from referral.database import as_json, make_engine
from referral.entry import Installation
from referral.errors import Refusal
from referral.figures import Cut, Group, Measure, Period, month_of, months_on
from referral.session import Actor, WriteSession
from tests.bench.oversight_rows import HAND_OFF, copy_in, drawn, furnish, give_parts
from tests.bench.stand import Stand, new_stand

_FEW = 10_000
_DRAWN = 400_000  # drawn one by one; more of them are these again
_RAW = """
SELECT date_trunc('month', h.requested_at), h.receiver_agency, h.track, count(*),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY h.received_at - h.requested_at) FILTER (WHERE h.received_at >= h.requested_at AND NOT h.attested),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY h.accepted_at - h.received_at) FILTER (WHERE h.accepted_at >= h.received_at AND NOT h.attested)
FROM referral.hand_off h WHERE h.country = 'ZZ' AND h.requested_at >= $1 AND h.requested_at < $2 AND h.kind <> 'notice' AND h.in_error IS NOT TRUE
GROUP BY 1, 2, 3
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


async def _times(times: int, what: Callable[[], Awaitable[Any]]) -> dict[str, float]:
    """Milliseconds: half of them, and 95 in 100."""
    await what()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        answer = await what()
        taken.append((time.perf_counter() - began) * 1000)
        assert not isinstance(answer, Refusal), answer
    return {"p50": round(median(taken), 1), "p95": round(quantiles(taken, n=20)[-1], 1)}


def run(*, rows: int = 1_000_000, seed: int = 1) -> dict[str, Any]:
    """Draw, copy in, roll up, ask; needed figures stand beside the measured ones."""
    with new_stand() as stand:
        return asyncio.run(_run(stand, rows, seed))


async def _run(stand: Stand, rows: int, seed: int) -> dict[str, Any]:
    found: dict[str, Any] = {"hand_offs": rows}
    url = stand.database.superuser_url.rsplit("/", 1)[0] + "/referral"
    connection = await asyncpg.connect(url, timeout=60)
    draw, now = random.Random(seed), datetime.now(UTC)  # noqa: S311 - chance, not secrets
    unit = stand.players["protection_supervisor.zz"].unit_id
    units = await furnish(connection, draw, unit)
    await copy_in(connection, drawn(draw, units, now, _FEW))
    found["inserts_per_s_few"] = await _insert_rate(connection, stand, now)
    began = time.perf_counter()
    times = -(-rows // _DRAWN)
    await copy_in(connection, drawn(draw, units, now, (rows - _FEW) // times), times)
    await give_parts(connection, unit)
    await connection.execute("VACUUM ANALYZE", timeout=3600)
    found["copied_in_s"] = round(time.perf_counter() - began)
    found["inserts_per_s_many"] = await _insert_rate(connection, stand, now)
    found["needed_inserts_share"] = 0.8
    found |= await _rolled(stand, now)
    await connection.execute("VACUUM ANALYZE", timeout=3600)
    found |= await _asked(stand, units[0].agency, unit, now)
    found["all_agencies_month_topic"] = await _against_raw(connection, now)
    sizes = "SELECT relname, pg_total_relation_size(oid) / 1000000 FROM pg_class WHERE relname IN ('hand_off', 'clock', 'figure', 'figure_cell', 'figure_limit') AND relkind = 'r'"
    found["megabytes"] = {name: int(size) for name, size in await connection.fetch(sizes)}
    await connection.close()
    return found


async def _insert_rate(connection: Any, stand: Stand, now: datetime) -> int:
    """Hand-offs of this moment, one statement each, twenty to a transaction, marks and all."""
    row = await connection.fetchrow(
        f"SELECT {', '.join(HAND_OFF)} FROM referral.hand_off WHERE sender_unit <> $1 LIMIT 1",
        UUID(int=0),
    )
    places = ", ".join(f"${at}" for at in range(1, len(HAND_OFF) + 1))
    # Foreign keys are asked too: the case of all of these is the one the bench files by hand.
    case = uuid4()
    member = stand.players["inspector.zz"]
    await connection.execute(
        "INSERT INTO referral.case (id, country, reference, client_id, place, urgency, filed_by_unit, filed_by_member, filed_at, occurred_at, occurred_precision, version) "
        "VALUES ($1, 'ZZ', $2, $1, 'ZZ-N', 'urgent', $3, $4, $5, $5, 'minute', 1)",
        *(case, str(case), member.unit_id, member.membership_id, now),
    )
    await connection.execute(
        "INSERT INTO referral.person (id, case_id, country, number, role, identified) VALUES ($1, $1, 'ZZ', 1, 'concerned', true)",
        case,
    )
    await connection.execute(
        "INSERT INTO referral.referral (id, case_id, person_id, country, track, protocol_version, protocol_digest, state, lead, triage, results, holder_unit, holder_since, lawful_basis, opened_at) "
        "VALUES ($1, $1, $1, 'ZZ', 't', 'v', 'd', 'open', true, false, '[]', $2, $3, 'LEGAL_OBLIGATION', $3)",
        *(case, member.unit_id, now),
    )
    statement = await connection.prepare(
        f"INSERT INTO referral.hand_off ({', '.join(HAND_OFF)}) VALUES ({places})"
    )
    values = dict(row) | {"referral_id": case, "case_id": case, "person_id": case}
    values |= {"requested_at": now, "state": "requested", "in_error": None}
    rates = []
    for _ in range(6):
        began = time.perf_counter()
        for _ in range(50):
            async with connection.transaction():
                for _ in range(20):
                    values["id"] = uuid4()
                    await statement.fetch(*(values[name] for name in HAND_OFF))
        rates.append(1000 / (time.perf_counter() - began))
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("DELETE FROM referral.hand_off WHERE case_id = $1", case)
    await connection.execute("SET session_replication_role = origin")
    return round(median(rates))


async def _rolled(stand: Stand, now: datetime) -> dict[str, Any]:
    """Every closed month, one after the other, by the clockwork's own role."""
    engine = make_engine(stand.database.url("worker"), pool_size=2)
    catalogue = stand.installation(2).catalogue
    taken = []
    while True:
        began = time.perf_counter()
        if await rolling.roll(engine, catalogue, "ZZ", now) is None:
            break
        taken.append(time.perf_counter() - began)
    await engine.dispose()
    return {
        "months": len(taken),
        "roll_up_s": {"p50": round(median(taken), 2), "most": round(max(taken), 2)},
        "needed_roll_up_s": 5,
    }


async def _asked(stand: Stand, largest: UUID, unit: UUID, now: datetime) -> dict[str, Any]:
    installation = stand.installation(4)
    asking = Asking(installation, stand)
    closed = months_on(month_of(now, UTC), -1)  # type: ignore[arg-type]
    year, whole = Period.until(closed, 12), Period.until(closed, 24)
    found: dict[str, Any] = {"needed_overview_p95_ms": 300, "needed_one_agency_ms": 50}

    async def measured(
        name: str, part: str, times: int, question: Any, *about: Any, **more: Any
    ) -> None:
        found[name] = await _times(times, lambda: asking.ask(part, question, *about, **more))

    agency = Group(agency_id=largest)
    await measured("overview", "coordinator", 40, queries.overview_in)
    await measured("overview_of_a_unit", "protection_supervisor", 5, queries.overview_in)
    await measured("one_agency_24_months", "coordinator", 40, queries.series_of, only=agency)
    await measured(
        "current_month_by_agency",
        "coordinator",
        3,
        queries.figures_by,
        Cut.AGENCY,
        Period.month(months_on(closed, 1)),
    )
    await measured(
        "largest_agency_12_months_curve",
        "coordinator",
        3,
        queries.curve_of,
        Measure.ACCEPTED,
        year,
        only=agency,
    )
    await measured(
        "limits_of_largest_12_months", "coordinator", 3, queries.limits_of, year, only=agency
    )
    await measured("behind_a_number", "protection_supervisor", 5, queries.behind_figure, whole)
    await installation.engine.dispose()
    return found


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
