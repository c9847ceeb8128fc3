"""The inbox of one unit out of many hand-offs: 50 lines over HTTP, with row security."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

import asyncpg

from tests.bench.load import request, send, served
from tests.bench.stand import Stand, new_stand

_ASKED = 400

# Rows as filing makes them, set by set: one case with one referral and one hand-off each, spread
# over every unit of Zedland; the social worker's unit has 5,000 open ones among them.
_ROWS = """
CREATE TEMP TABLE spread AS
SELECT n, gen_random_uuid() AS case_id, gen_random_uuid() AS person_id, gen_random_uuid() AS referral_id,
    gen_random_uuid() AS hand_off_id, now() - n * interval '20 seconds' AS at, n % 200 = 0 AS hers
FROM generate_series(1, $ROWS) n;
CREATE TEMP TABLE units AS SELECT u.id, u.agency_id, row_number() OVER (ORDER BY u.id) - 1 AS k FROM agencies.unit u
    WHERE u.id <> '$HERS' AND u.id <> '$FILER';
INSERT INTO referral.case (id, country, reference, client_id, place, urgency, filed_by_unit, filed_by_member, filed_at, occurred_at, occurred_precision, version)
    SELECT case_id, 'ZZ', 'ZZ-' || n, gen_random_uuid(), 'ZZ-N', 'urgent', '$FILER', '$MEMBER', at, at, 'minute', 1 FROM spread;
INSERT INTO referral.person (id, case_id, country, number, role, identified) SELECT person_id, case_id, 'ZZ', 1, 'concerned', true FROM spread;
INSERT INTO referral.referral (id, case_id, person_id, country, track, protocol_version, protocol_digest, state, lead, triage, results, holder_unit, holder_since, lawful_basis, opened_at)
    SELECT referral_id, case_id, person_id, 'ZZ', 'child_protection', '2026-01-01', 'bench', 'open', true, false, '[]', '$FILER', at, 'LEGAL_OBLIGATION', at FROM spread;
INSERT INTO referral.hand_off (id, referral_id, case_id, person_id, country, batch, track, protocol_version, protocol_digest, step, kind, mandate, jurisdiction, state, urgency,
        sender_unit, receiver_unit, receiver_agency, travels, reason, requested_at, due_at)
    SELECT hand_off_id, referral_id, case_id, person_id, 'ZZ', gen_random_uuid(), 'child_protection', '2026-01-01', 'bench', 'ZZ-C01', 'custody', 'CHILD_PROTECTION', 'ZZ-N',
        CASE WHEN n % 3 = 0 AND NOT hers THEN 'completed' ELSE 'requested' END, 'urgent', '$FILER',
        CASE WHEN hers THEN '$HERS' ELSE u.id END, CASE WHEN hers THEN '$AGENCY' ELSE u.agency_id END, '{G0,G1}', '{}', at, at + interval '1 day'
    FROM spread JOIN units u ON u.k = n % (SELECT count(*) FROM units);
INSERT INTO referral.party (id, case_id, referral_id, hand_off_id, country, unit_id, relationship, groups, since)
    SELECT gen_random_uuid(), h.case_id, h.referral_id, h.id, 'ZZ', h.receiver_unit, 'pending', '{G0,G1}', h.requested_at FROM referral.hand_off h;
INSERT INTO referral.party (id, case_id, referral_id, hand_off_id, country, unit_id, relationship, groups, since)
    SELECT gen_random_uuid(), h.case_id, h.referral_id, h.id, 'ZZ', h.sender_unit, 'sender', '{G0}', h.requested_at FROM referral.hand_off h;
ANALYZE;
"""


def run(*, rows: int = 1_000_000) -> dict[str, Any]:
    """Fill, then ask for the first page again and again over four connections."""
    with new_stand() as stand:
        asyncio.run(_fill(stand, rows))
        with served(stand, pool=8) as port:
            token = stand.token("social_worker")
            asked = request(port, token, "GET", "/api/v1/hand-offs?limit=50")
            send(port, [asked] * 50, connections=4)
            one = send(port, [asked] * _ASKED, connections=1)
            four = send(port, [asked] * _ASKED, connections=4)
    return {"hand_offs": rows, "needed_p95_ms": 20, "one": asdict(one), "four": asdict(four)}


async def _fill(stand: Stand, rows: int) -> None:
    hers, filer = stand.players["social_worker.zz"], stand.players["inspector.zz"]
    connection = await asyncpg.connect(
        stand.database.superuser_url.rsplit("/", 1)[0] + "/referral", timeout=60
    )
    agency = await connection.fetchval(
        "SELECT agency_id FROM agencies.unit WHERE id = $1", hers.unit_id
    )
    script = _ROWS
    for name, value in {
        "$ROWS": rows,
        "$HERS": hers.unit_id,
        "$AGENCY": agency,
        "$FILER": filer.unit_id,
        "$MEMBER": filer.membership_id,
    }.items():
        script = script.replace(name, str(value))
    await connection.execute("SET session_replication_role = replica")
    for statement in script.split(";\n"):
        if statement.strip():
            await connection.execute(statement, timeout=600)
    await connection.close()
