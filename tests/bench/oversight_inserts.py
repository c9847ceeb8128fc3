"""How quickly hand-offs are written where ten thousand are, and where ten million are: in turn.

Two servers alike in everything but their rows, and a round on one after a round on the other: what
else the machine does meanwhile slows both. One statement each, twenty to a transaction, durable,
with every key, check, index and mark.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any, Final, Self
from uuid import UUID, uuid4

from tests.bench.oversight_rows import HAND_OFF
from tests.bench.stand import Stand

_ROUNDS: Final = 12
_TRANSACTIONS: Final = 25  # of a round
_EACH: Final = 20
_WARM: Final = (
    "SELECT public.pg_prewarm(indexrelid, 'read') FROM pg_index "
    "WHERE indrelid = 'referral.hand_off'::regclass"
)
_NEW_CASE: Final = (
    "INSERT INTO referral.case (id, country, reference, client_id, place, urgency, filed_by_unit, filed_by_member, filed_at, occurred_at, occurred_precision, version) "
    "VALUES ($1, 'ZZ', $1::uuid::text, $1, 'ZZ-N', 'urgent', $2, $3, $4, $4, 'minute', 1)"
)
_NEW_PERSON: Final = (
    "INSERT INTO referral.person (id, case_id, country, number, role, identified) "
    "VALUES ($1, $1, 'ZZ', 1, 'concerned', true)"
)
_NEW_REFERRAL: Final = (
    "INSERT INTO referral.referral (id, case_id, person_id, country, track, protocol_version, protocol_digest, state, lead, triage, results, holder_unit, holder_since, lawful_basis, opened_at) "
    "VALUES ($1, $1, $1, 'ZZ', 't', 'v', 'd', 'open', true, false, '[]', $2, $3, 'LEGAL_OBLIGATION', $3)"
)


@dataclass(slots=True)
class Inserting:
    """Hand-offs of this moment, all of one case; foreign keys are asked for each."""

    connection: Any
    statement: Any
    values: dict[str, Any]
    rates: list[float] = field(default_factory=list)  # hand-offs each second, of each round

    @classmethod
    async def on(cls, connection: Any, stand: Stand, now: datetime) -> Self:
        """File the case they are of, where keys are in memory, as after a day's work."""
        await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
        await connection.execute(_WARM, timeout=600)
        case, member = uuid4(), stand.players["inspector.zz"]
        by = (member.unit_id, member.membership_id)
        await connection.execute(_NEW_CASE, case, *by, now)
        await connection.execute(_NEW_PERSON, case)
        await connection.execute(_NEW_REFERRAL, case, member.unit_id, now)
        row = await connection.fetchrow(
            f"SELECT {', '.join(HAND_OFF)} FROM referral.hand_off WHERE sender_unit <> $1 LIMIT 1",
            UUID(int=0),
        )
        places = ", ".join(f"${at}" for at in range(1, len(HAND_OFF) + 1))
        statement = await connection.prepare(
            f"INSERT INTO referral.hand_off ({', '.join(HAND_OFF)}) VALUES ({places})"
        )
        values = dict(row) | {"referral_id": case, "case_id": case, "person_id": case}
        values |= {"requested_at": now, "state": "requested", "in_error": None}
        return cls(connection, statement, values)

    async def round(self) -> None:
        """So many transactions, and their rate."""
        began = time.perf_counter()
        for _ in range(_TRANSACTIONS):
            async with self.connection.transaction():
                for _ in range(_EACH):
                    self.values["id"] = uuid4()
                    await self.statement.fetch(*(self.values[name] for name in HAND_OFF))
        self.rates.append(_TRANSACTIONS * _EACH / (time.perf_counter() - began))

    async def leave(self) -> None:
        """Nothing of it is left."""
        await self.connection.execute("SET session_replication_role = replica")
        await self.connection.execute(
            "DELETE FROM referral.hand_off WHERE case_id = $1", self.values["case_id"]
        )
        await self.connection.execute("DELETE FROM referral.figure_mark")
        await self.connection.execute("DELETE FROM referral.figure_unit_mark")
        await self.connection.execute("SET session_replication_role = origin")


async def in_turn(few: Inserting, many: Inserting) -> dict[str, Any]:
    """A round on each, again and again; the share is the middle one of pairs that ran side by side."""
    for one in (few, many):
        await one.connection.execute("CHECKPOINT")
        await one.round()  # not counted: plans and pages are fetched
        one.rates.clear()
    for number in range(_ROUNDS):
        for one in (few, many) if number % 2 else (many, few):
            await one.round()
    for one in (few, many):
        await one.leave()
    pairs = [m / f for f, m in zip(few.rates, many.rates, strict=True)]
    return {
        "few_per_s": round(median(few.rates)),
        "many_per_s": round(median(many.rates)),
        "share": round(median(pairs), 2),
        "shares": [round(one, 2) for one in sorted(pairs)],
        "needed_share": 0.8,
    }
