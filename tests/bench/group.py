"""A thousand persons of one event: filed and accepted in one command each, their page read."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx

from agencies.identity import digest_of
from referral.entry import COOKIE
from tests.bench.load import served
from tests.bench.stand import Stand, new_stand

_CHILD = {"works": True, "econ_hours": 20, "beneficiary": "other"}
_BOTH = {
    **_CHILD,
    "acts": ["RECRUITMENT"],
    "means": ["DECEPTION"],
    "purposes": ["FORCED_LABOUR"],
    "foreign_national": True,
}
_PATIENCE = 120.0


def run(*, persons: int = 1000) -> dict[str, Any]:
    """Under one track, then under two at once; seconds, and how much came of it."""
    with new_stand() as stand, served(stand, pool=8) as port:
        return {
            "persons": persons,
            "one_track": _group(stand, port, persons, "CL", _CHILD),
            "two_tracks": _group(stand, port, persons, "HT", _BOTH),
        }


def _group(stand: Stand, port: int, count: int, topic: str, common: dict[str, Any]) -> Any:
    persons = [
        {"facts": {"age": 8 + n % 6}, "identity": {"name": f"Child {n}"}} for n in range(count)
    ]
    report = {"place": "ZZ-N", "reported": topic, "common": common, "persons": persons}
    filed, filing = _timed(stand, port, "inspector", "cases", report)
    batch = next(one["batch"] for one in filed["hand_offs"] if one["step"]["code"] == "ZZ-C01")
    path = f"hand-offs/batches/{batch}/acceptance"
    accepted, accepting = _timed(stand, port, "social_worker", path, None)
    pages = [_page(stand, port, part, filed["case_id"]) for part in ("inspector", "social_worker")]
    return {
        "filing_seconds": filing,
        "referrals": len(filed["referrals"]),
        "hand_offs": len(filed["hand_offs"]),
        "accepting_seconds": accepting,
        "accepted": len(accepted["hand_offs"]),
        "opened": len(accepted["made"]),
        "page_seconds": dict(zip(("sender", "holder"), pages, strict=True)),
    }


def _page(stand: Stand, port: int, part: str, case: str) -> float:
    """The page of the case, the quickest of three: the first reads a cold cache."""
    cookies = {COOKIE: asyncio.run(_signed_in(stand, part))}
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        answer = httpx.get(
            f"http://127.0.0.1:{port}/cases/{case}", cookies=cookies, timeout=_PATIENCE
        )
        taken.append(time.perf_counter() - began)
        answer.raise_for_status()
    return round(min(taken), 3)


def _timed(stand: Stand, port: int, part: str, path: str, body: Any) -> tuple[Any, float]:
    headers = {"Authorization": f"Bearer {stand.token(part)}", "Idempotency-Key": f'"{uuid4()}"'}
    began = time.perf_counter()
    answer = httpx.post(
        f"http://127.0.0.1:{port}/api/v1/{path}", json=body, headers=headers, timeout=_PATIENCE
    )
    seconds = round(time.perf_counter() - began, 2)
    answer.raise_for_status()
    return answer.json(), seconds


async def _signed_in(stand: Stand, part: str) -> str:
    """A session of this part; pages take no tokens."""
    secret, now = str(uuid4()), datetime.now(UTC)
    connection = await asyncpg.connect(stand.database.url("migrator"))
    try:
        await connection.execute(
            "SELECT agencies.open_session($1, $2, $3, $4, $5)",
            digest_of(secret),
            stand.players[f"{part}.zz"].membership_id,
            digest_of(f"unused {secret}"),
            now,
            now + timedelta(hours=1),
        )
    finally:
        await connection.close()
    return secret
