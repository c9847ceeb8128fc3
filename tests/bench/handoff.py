"""Accept and file over HTTP, against pgbench replaying their own statements in the same run."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson

from agencies.identity import digest_of
from referral import casework
from referral.audit.verify import verify
from referral.casework import Intake, PersonTold
from referral.entry import Installation, claim_for
from referral.errors import Refusal
from referral.session import Actor, WriteSession
from tests.bench.load import request, send, served
from tests.bench.replay import Captured, capture, keep, pgbench
from tests.bench.stand import Stand, new_stand

CLIENTS = 16
POOL = 4  # connections of the service to the database: more of them only lengthen the queue
WARMING = (
    CLIENTS * 10
)  # acts before anything is measured: every connection plans its statements once
_FACTS = {
    "age": 10,
    "works": True,
    "econ_hours": 20,
    "beneficiary": "other",
    "hazards": ["HZ_HEAVY_LOADS"],
}
_BODY = {
    "place": "ZZ-N",
    "reported": "HT",
    "persons": [{"facts": {**_FACTS, "acts": ["RECRUITMENT"], "purposes": ["FORCED_LABOUR"]}}],
}


def run(*, each: int = 60, rounds: int = 2) -> dict[str, Any]:
    """Both acts, ``rounds`` times in turn with their yardstick; the ratio is of the totals."""
    with new_stand() as stand:
        found = {"accept": _accept(stand, each, rounds), "file": _file(stand, each, rounds)}
        problems = asyncio.run(verify(stand.database.superuser_url.rsplit("/", 1)[0] + "/referral"))
        found["log"] = {"entries": problems.entries, "problems": len(problems.problems)}
        return found


def _accept(stand: Stand, each: int, rounds: int) -> dict[str, Any]:
    wanted = CLIENTS * each
    hand_offs = asyncio.run(_filed(stand, 2 * wanted * rounds + WARMING))
    replayed, loads = [], []
    with served(stand, pool=POOL) as port:
        token = stand.token("social_worker")
        send(port, _accepts(port, token, hand_offs[-WARMING:]), connections=CLIENTS)
        for turn in range(rounds):
            mine = hand_offs[2 * turn * wanted : 2 * (turn + 1) * wanted]
            acts = asyncio.run(_captured_accepts(stand, mine[:wanted]))
            script = asyncio.run(keep(stand, f"accept_{turn}", acts))
            replayed.append(pgbench(stand, script, clients=CLIENTS, each=each))
            sent = _accepts(port, token, mine[wanted:])
            loads.append(send(port, sent, connections=CLIENTS))
    return _told(replayed, loads, needed=0.30)


def _accepts(port: int, token: str, hand_offs: list[UUID]) -> list[bytes]:
    path = "/api/v1/hand-offs/{}/acceptance"
    return [
        request(port, token, "POST", path.format(one), b"{}", str(uuid4())) for one in hand_offs
    ]


def _file(stand: Stand, each: int, rounds: int) -> dict[str, Any]:
    wanted = CLIENTS * each
    replayed, loads = [], []
    with served(stand, pool=POOL) as port:
        token = stand.token("inspector")
        send(port, _filings(port, token, WARMING), connections=CLIENTS)
        for turn in range(rounds):
            acts = asyncio.run(_captured_filings(stand, wanted))
            script = asyncio.run(keep(stand, f"file_{turn}", acts))
            replayed.append(pgbench(stand, script, clients=CLIENTS, each=each))
            sent = _filings(port, token, wanted)
            loads.append(send(port, sent, connections=CLIENTS))
    return _told(replayed, loads, needed=0.15)


def _filings(port: int, token: str, count: int) -> list[bytes]:
    return [
        request(
            port,
            token,
            "POST",
            "/api/v1/cases",
            orjson.dumps({**_BODY, "client_id": str(uuid4())}),
            str(uuid4()),
        )
        for _ in range(count)
    ]


def _told(replayed: list[Any], loads: list[Any], *, needed: float) -> dict[str, Any]:
    yardstick = sum(one.rate for one in replayed) / len(replayed)
    rate = sum(one.rate for one in loads) / len(loads)
    return {
        "ratio": round(rate / yardstick, 3),
        "needed": needed,
        "http_per_second": round(rate, 1),
        "pgbench_per_second": round(yardstick, 1),
        "statements": replayed[0].statements,
        "p99_ms": round(max(one.p99 for one in loads), 1),
        "rounds": [asdict(one) for one in loads],
    }


def _intake() -> Intake:
    person = PersonTold(facts=_BODY["persons"][0]["facts"])  # type: ignore[index]
    return Intake(client_id=uuid4(), place="ZZ-N", reported="HT", persons=(person,))


async def _filed(stand: Stand, count: int) -> list[UUID]:
    """So many hand-offs waiting for the child protection office of the North."""
    installation = stand.installation(pool_size=4)
    found: list[UUID] = []

    async def some(number: int) -> None:
        for _ in range(number):
            async with installation.engine.connect() as connection, connection.begin():
                session, actor = await _begin(stand, installation, connection, "inspector")
                filed = await casework.file(session, actor, _intake(), now=datetime.now(UTC))
                assert not isinstance(filed, Refusal)
                found.extend(UUID(a.hand_off_id) for a in filed.asks if a.step == "ZZ-C01")

    await asyncio.gather(*(some(count // 4) for _ in range(4)))
    await installation.engine.dispose()
    return found


async def _begin(
    stand: Stand, installation: Installation, connection: Any, part: str, claim: Any = None
) -> tuple[WriteSession, Actor]:
    """Enter exactly as a door does, the claim of the key included."""
    row = (
        await connection.exec_driver_sql(
            "SELECT referral.begin_actor($1, $2), "
            "CASE WHEN $3::bytea IS NULL THEN NULL ELSE referral.claim_key($3) END",
            (
                digest_of(stand.token(part)),
                datetime.now(UTC),
                claim.key_hash if claim else None,
            ),
        )
    ).one()
    actor = Actor.from_row(orjson.loads(row[0]) if isinstance(row[0], str) else row[0])
    session = WriteSession(connection, installation.vault, installation.catalogue, "bench", claim)
    return session, actor


async def _captured_accepts(stand: Stand, hand_offs: list[UUID]) -> list[Captured]:
    installation = stand.installation(pool_size=1)
    acts = []
    for hand_off in hand_offs:
        path = f"/api/v1/hand-offs/{hand_off}/acceptance"
        claim = claim_for(str(uuid4()), "POST", path, b"{}")

        async def accept(connection: Any, hand_off: UUID = hand_off, claim: Any = claim) -> None:
            session, actor = await _begin(stand, installation, connection, "social_worker", claim)
            done = await casework.accept(session, actor, hand_off, now=datetime.now(UTC))
            assert not isinstance(done, Refusal)

        acts.append(await capture(installation, accept))
    await installation.engine.dispose()
    return acts


async def _captured_filings(stand: Stand, count: int) -> list[Captured]:
    installation = stand.installation(pool_size=1)
    acts = []
    for _ in range(count):
        claim = claim_for(str(uuid4()), "POST", "/api/v1/cases", uuid4().bytes)

        async def file(connection: Any, claim: Any = claim) -> None:
            session, actor = await _begin(stand, installation, connection, "inspector", claim)
            done = await casework.file(session, actor, _intake(), now=datetime.now(UTC))
            assert not isinstance(done, Refusal)

        acts.append(await capture(installation, file))
    await installation.engine.dispose()
    return acts
