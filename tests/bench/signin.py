"""From the sign-in page to the inbox: pages over loopback, with a password hashed as in production."""

from __future__ import annotations

import asyncio
import time
from statistics import quantiles
from typing import Any

import asyncpg
import httpx

from agencies.identity import hash_password
from tests.bench.handoff import _filed
from tests.bench.load import served
from tests.bench.stand import Stand, new_stand

PASSWORD = "eleven small horses"
WAITING = 200  # hand-offs behind the inbox
STEPS = ("page", "password", "home", "inbox")


def run(*, times: int = 200) -> dict[str, Any]:
    """So many people one after the other, each with a browser that knows nothing yet."""
    with new_stand() as stand:
        asyncio.run(_filed(stand, WAITING))
        asyncio.run(_password(stand))
        with served(stand, pool=4) as port:
            for _ in range(5):
                _comes_in(port)
            taken = [_comes_in(port) for _ in range(times)]
    whole = [sum(one) for one in taken]
    steps = {name: _told([one[n] for one in taken]) for n, name in enumerate(STEPS)}
    return {"times": times, "needed_ms": 1000, "whole": _told(whole), "steps": steps}


def _comes_in(port: int) -> list[float]:
    """Sign-in page, password, where she is led, her inbox: seconds of each."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as browser:
        browser.headers["Sec-Fetch-Site"] = "same-origin"
        typed = {"user_name": "social_worker.zz", "password": PASSWORD, "next": "/"}
        taken = [_timed(lambda: browser.get("/sign-in"), 200)]
        taken.append(_timed(lambda: browser.post("/sign-in", data=typed), 303))
        taken.append(_timed(lambda: browser.get("/"), 303))
        taken.append(_timed(lambda: browser.get("/hand-offs"), 200))
    return taken


def _timed(asks: Any, wanted: int) -> float:
    began = time.perf_counter()
    answer: httpx.Response = asks()
    taken = time.perf_counter() - began
    assert answer.status_code == wanted, (answer.status_code, answer.text[:300])
    return taken


def _told(seconds: list[float]) -> dict[str, float]:
    cuts = quantiles(seconds, n=100)
    return {"p50_ms": round(cuts[49] * 1000, 1), "p95_ms": round(cuts[94] * 1000, 1)}


async def _password(stand: Stand) -> None:
    url = stand.database.superuser_url.rsplit("/", 1)[0] + "/referral"
    connection = await asyncpg.connect(url)
    await connection.execute(
        "UPDATE agencies.member SET password_hash = $1 WHERE user_name = 'social_worker.zz'",
        hash_password(PASSWORD),
    )
    await connection.close()
