"""Ten million hand-offs, drawn by seed with the skew of real ones, and copied in."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

AGENCIES, TRACKS, MONTHS, CHUNK = 500, 20, 24, 50_000
_DAYS = 30.44 * MONTHS

HAND_OFF = (
    *(
        "id",
        "referral_id",
        "case_id",
        "person_id",
        "country",
        "batch",
        "track",
        "step",
        "kind",
        "mandate",
    ),
    *(
        "jurisdiction",
        "opening",
        "state",
        "urgency",
        "sender_unit",
        "receiver_unit",
        "receiver_agency",
    ),
    *(
        "travels",
        "reason",
        "requested_at",
        "received_at",
        "accepted_at",
        "first_contact_at",
        "ended_at",
    ),
    *("due_at", "attested", "protocol_version", "protocol_digest"),
)
CLOCK = (
    *(
        "id",
        "hand_off_id",
        "referral_id",
        "case_id",
        "country",
        "clock",
        "step",
        "starts_at",
        "due_at",
    ),
    *("state", "rungs", "immediate", "basis", "derivation", "calendar", "sources", "stopped_at"),
    "asked_at",
)


@dataclass(frozen=True, slots=True)
class Unit:
    """Who is asked: where, under which tracks, and how quickly it answers (median hours)."""

    id: UUID
    agency: UUID
    place: str
    tracks: tuple[int, ...]
    hours: float


async def furnish(connection: asyncpg.Connection, draw: random.Random, first: UUID) -> list[Unit]:
    """Five hundred agencies, the unit ``first`` one of middling size among them."""
    own = await connection.fetchval("SELECT agency_id FROM agencies.unit WHERE id = $1", first)
    units = []
    for number in range(AGENCIES):
        agency, unit = _id(draw), _id(draw)
        if number == AGENCIES // 5:
            agency, unit = own, first
        else:
            await connection.execute(
                "INSERT INTO agencies.agency (id, country, key, name, type, level, source, valid_from) "
                "VALUES ($1, 'ZZ', $2, $2, 'CHILD_PROTECTION', 'municipal', 'drawn', '2020-01-01')",
                *(agency, f"DRAWN-{number}"),
            )
            await connection.execute(
                "INSERT INTO agencies.unit (id, agency_id, country, key, name, intake, time_zone) "
                "VALUES ($1, $2, 'ZZ', 'INTAKE', 'Intake', true, 'UTC')",
                *(unit, agency),
            )
        tracks = tuple(draw.sample(range(TRACKS), draw.choice((1, 2, 2, 3, 4, 6))))
        units.append(
            Unit(unit, agency, f"ZZ-{number % 40:02}", tracks, draw.lognormvariate(2, 0.8))
        )
    return units


def drawn(
    draw: random.Random, units: list[Unit], now: datetime, count: int
) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """So many hand-offs with a limit each, in order of time: a few agencies have most of the work."""
    weights = list(itertools.accumulate(1 / (rank + 10) for rank in range(len(units))))
    begins = now - timedelta(days=_DAYS)
    for number in range(count):
        receiver, sender = draw.choices(units, cum_weights=weights, k=2)
        at = begins + timedelta(days=_DAYS * number / count, seconds=draw.random() * 60)
        yield _one(draw, receiver, sender, at, now)


def _one(
    draw: random.Random, receiver: Unit, sender: Unit, at: datetime, now: datetime
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    track = receiver.tracks[int(len(receiver.tracks) * draw.random() ** 2)]
    step = f"S{track}.{int(3 * draw.random() ** 2)}"
    fate, identity, case = draw.random(), _id(draw), _id(draw)
    received = _later(draw, at, receiver.hours / 4, now)
    answered = received and _later(draw, received, receiver.hours, now)
    declined, back = fate < 0.08, 0.08 <= fate < 0.12
    accepted = answered if not declined and not back else None
    contact = (accepted and fate > 0.4 and _later(draw, accepted, 48, now)) or None
    done = contact and _later(draw, contact, 240, now)
    ended = answered if declined or back else done
    state = _state(received, accepted, contact, ended, declined=declined, back=back)
    due = at + timedelta(hours=24)
    version = "2026-01-01" if at.year > 2025 else "2025-01-01"
    stopped = answered
    hand_off = (
        *(
            identity,
            case,
            case,
            case,
            "ZZ",
            case,
            f"track {track}",
            step,
            "custody",
            "CHILD_PROTECTION",
        ),
        *(
            receiver.place,
            1 if fate < 0.95 else 2,
            state,
            "routine",
            sender.id,
            receiver.id,
            receiver.agency,
        ),
        *(["G0", "G1"], "{}", at, received, accepted, contact, ended),
        *(None if stopped else due, 0.5 < fate < 0.53, version, "drawn"),
    )
    clock = (
        *(_id(draw), identity, case, case, "ZZ", f"{step}.answer", step, at, due),
        *(
            "stopped" if stopped else "running",
            "[]",
            False,
            "statutory" if track % 3 else "assumption",
        ),
        *("[]", "c", "[]", stopped),
        at,
    )
    return hand_off, clock


def _state(*told: datetime | None, declined: bool, back: bool) -> str:
    received, accepted, contact, ended = told
    if ended is not None:
        return "rejected" if declined else "cancelled" if back else "completed"
    if contact is not None:
        return "in-progress"
    return "accepted" if accepted else "received" if received else "requested"


def _later(draw: random.Random, moment: datetime, hours: float, now: datetime) -> datetime | None:
    found = moment + timedelta(hours=hours * draw.lognormvariate(0, 1.2))
    return found if found < now else None


def _id(draw: random.Random) -> UUID:
    return UUID(int=draw.getrandbits(128), version=4)


async def copy_in(
    connection: asyncpg.Connection,
    rows: Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]],
    times: int = 1,
) -> None:
    """Past foreign keys and marks, as a restored copy; indexes but the keys are made afterwards.

    ``times``: all of them so many times over, each time under other ids and some seconds later.
    """
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("SET synchronous_commit = off")
    indexes = await connection.fetch(_INDEXES)
    for row in indexes:
        await connection.execute(f"DROP INDEX referral.{row['name']}")
    for table in ("hand_off", "clock"):
        await connection.execute(
            f"CREATE TEMP TABLE drawn_{table} (LIKE referral.{table} INCLUDING DEFAULTS)"
        )
    while chunk := list(itertools.islice(rows, CHUNK)):
        for table, columns, side in (("hand_off", HAND_OFF, 0), ("clock", CLOCK, 1)):
            await connection.copy_records_to_table(
                f"drawn_{table}", columns=columns, records=[row[side] for row in chunk], timeout=600
            )
    for number in range(times):
        for table in ("hand_off", "clock"):
            await connection.execute(await _again(connection, table, number), timeout=3600)
    await connection.execute("SET maintenance_work_mem = '1GB'")
    for row in indexes:
        await connection.execute(row["made"], timeout=3600)
    for table in ("hand_off", "clock"):
        await connection.execute(f"DROP TABLE drawn_{table}")
    await connection.execute("RESET synchronous_commit; SET session_replication_role = origin")


async def _again(connection: asyncpg.Connection, table: str, number: int) -> str:
    """What was drawn, once more: ids that belong together still do, and times keep their distance."""
    columns = await connection.fetch(
        "SELECT attname AS name, format_type(atttypid, NULL) AS kind FROM pg_attribute "
        "WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        f"drawn_{table}",
    )

    def told(name: str, kind: str) -> str:
        if name in {"id", "hand_off_id"}:
            return f"md5({name}::text || {number})::uuid"
        if name in {"case_id", "referral_id", "person_id", "batch"}:
            return "d.the_case"  # drawn as one, and worked out once
        moment = kind == "timestamp with time zone"
        return f"{name} - interval '{number * 37} seconds'" if moment else name

    listed = ", ".join(told(row["name"], row["kind"]) for row in columns)
    once = f"SELECT *, md5(case_id::text || {number})::uuid AS the_case FROM drawn_{table} OFFSET 0"
    return f"INSERT INTO referral.{table} SELECT {listed} FROM ({once}) d"


_INDEXES = """
SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS made FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid IN ('referral.hand_off'::regclass, 'referral.clock'::regclass) AND NOT i.indisprimary
"""


async def give_parts(connection: asyncpg.Connection, unit: UUID) -> None:
    """What row security asks for before a unit sees its own hand-offs."""
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(
        "INSERT INTO referral.party (id, case_id, referral_id, hand_off_id, country, unit_id, relationship, groups, since) "
        "SELECT gen_random_uuid(), h.case_id, h.referral_id, h.id, 'ZZ', $1, 'participant', '{G0}', h.requested_at "
        "FROM referral.hand_off h WHERE h.sender_unit = $1 OR h.receiver_unit = $1",
        unit,
        timeout=600,
    )
    await connection.execute("SET session_replication_role = origin")
