"""Requests cancelled midway, by the thousand: no context of another, nothing left open, the pool whole.

Straight at the application (ASGI, no sockets): readers of two units ask for their inbox through a
pool of five; half of the requests are cancelled at a moment drawn anew, wherever they are just then.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter
from itertools import takewhile
from typing import Any
from uuid import uuid4

import httpx
import orjson
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp, Message, Scope

from referral import logs
from referral.app import make_app
from referral.database import UNCLEAN
from tests.bench.stand import Stand, new_stand

POOL, AT_ONCE, SHARE = 5, 12, 0.6
PATH = "/api/v1/hand-offs"
_CONTEXT = (
    "SELECT concat_ws('', current_setting('referral.unit', true), "
    "current_setting('referral.member', true), current_setting('referral.role', true))"
)
Readers = dict[str, set[str]]  # token -> the hand-offs its unit may be shown
_PLACES = {"social_worker": "ZZ-N", "outsider": "ZZ-S"}
_CHILD = {"age": 10, "works": True, "econ_hours": 20, "beneficiary": "other"}


def run(*, requests: int = 20_000) -> dict[str, Any]:
    """So many requests at a stand of its own; all that is foreign or left open must be 0."""
    logs.configure(as_json=True, level=logging.ERROR)
    with new_stand() as stand:
        return asyncio.run(_measured(stand, requests))


async def _measured(stand: Stand, requests: int) -> dict[str, Any]:
    installation = stand.installation(POOL)
    app = make_app(installation)
    readers = {
        stand.token(part): await filed_at(app, stand.token("inspector"), stand.token(part), place)
        for part, place in _PLACES.items()
    }
    before = UNCLEAN["returned_in_transaction"]
    found = await attack(app, readers, requests)
    destroyed = UNCLEAN["returned_in_transaction"] - before
    left = await found_in(installation.engine, POOL)
    await installation.engine.dispose()
    return found | left | {"destroyed_at_the_pool": destroyed}


async def filed_at(app: ASGIApp, by: str, reader: str, place: str) -> set[str]:
    """Three reports filed there; the hand-offs that this reader's unit finds in its inbox."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for _ in range(3):
            body = {"place": place, "reported": "CL", "persons": [{"facts": _CHILD}]}
            headers = {"Authorization": f"Bearer {by}", "Idempotency-Key": f'"{uuid4()}"'}
            filed = await client.post("/api/v1/cases", json=body, headers=headers)
            assert filed.status_code == 201, filed.text
        inbox = await client.get(PATH, headers={"Authorization": f"Bearer {reader}"})
        return {one["id"] for one in inbox.json()["hand_offs"]}


async def attack(
    app: ASGIApp, readers: Readers, requests: int, seed: int = 1, *, cancelled: int = 0
) -> dict[str, Any]:
    """Ask so often, about half cancelled; counts what became of them and what was foreign.

    Where the machine is busy fewer are still under way when they are cancelled: then it asks on,
    up to ten times as often, until as many were ``cancelled``.
    """
    draw = random.Random(seed)  # noqa: S311 - a repeatable draw
    tally: Counter[str] = Counter()
    plan = takewhile(
        lambda asked: asked < requests or tally["cancelled"] < cancelled, range(10 * requests)
    )
    took = [0.02]

    async def client() -> None:
        for _ in plan:
            token = draw.choice([*readers])
            before = draw.random() * 1.2 * took[0] if draw.random() < SHARE else None
            began = time.perf_counter()
            task = asyncio.create_task(_asked(app, token))
            if before is not None:
                await asyncio.sleep(before)
                task.cancel()
            try:
                status, body = await task
            except asyncio.CancelledError:
                tally["cancelled"] += 1
                continue
            took[0] = 0.9 * took[0] + 0.1 * (time.perf_counter() - began)
            tally[f"status {status}"] += 1
            if status == 200:
                shown = {one["id"] for one in orjson.loads(body)["hand_offs"]}
                tally["foreign"] += shown != readers[token]

    await asyncio.gather(*(client() for _ in range(AT_ONCE)))
    return {"requests": tally.total() - tally["foreign"], "foreign": 0, "cancelled": 0} | dict(
        tally
    )


async def _asked(app: ASGIApp, token: str) -> tuple[int, bytes]:
    """One GET, as a server hands it to the application."""
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), (b"authorization", f"Bearer {token}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    status, parts = 0, []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, send)
    return status, b"".join(parts)


async def found_in(engine: AsyncEngine, pool: int) -> dict[str, int]:
    """Take every connection of the pool at once: is any in a transaction, or somebody's?"""
    await asyncio.sleep(0)
    open_, contexts = 0, 0
    taken = [await engine.connect() for _ in range(pool)]
    for connection in taken:
        raw = await connection.get_raw_connection()
        open_ += raw.driver_connection is not None and raw.driver_connection.is_in_transaction()
        contexts += bool((await connection.exec_driver_sql(_CONTEXT)).scalar())
        await connection.rollback()
        await connection.close()
    return {"open_transactions": open_, "contexts_left": contexts, "pool": len(taken)}
