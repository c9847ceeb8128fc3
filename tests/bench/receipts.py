"""B5: a receipt within 60 seconds of every acceptance, under load, sequencer and signer running.

As many connections as the hand-off bench accept without a pause, while others ask for the receipt
of each until it is there; every one is verified, and so is the promise the acceptance was answered
with. Time is that of whoever waits: from the answer to her acceptance to the receipt in her hand.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import quantiles
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson

from referral.audit import sequencer, signer
from referral.audit.key_files import SigningKey
from referral.audit.proof import Receipt, check_promise
from referral.audit.signer import Signer
from referral.database import make_engine
from tests.bench.handoff import CLIENTS, POOL, _filed
from tests.bench.load import _length, request, served
from tests.bench.stand import Stand, new_stand

POLLERS = 4
AGAIN = 0.2  # seconds until a receipt that is not there yet is asked for again
NEEDED = 60.0


@dataclass(slots=True)
class Held:
    """One acceptance: its promise, and how long its receipt took."""

    hand_off: UUID
    accepted: float
    promise: str
    seconds: float | None = None
    receipt: str = ""


@dataclass(slots=True)
class _Work:
    """What is still to accept, and whose receipt is still to come."""

    toward: list[UUID]
    waiting: asyncio.Queue[Held] = field(default_factory=asyncio.Queue)
    held: list[Held] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    accepting: int = CLIENTS


def run(*, acts: int = 1500) -> dict[str, Any]:
    """Accept so many; how long their receipts took, and that each is a proof."""
    with new_stand() as stand:
        hand_offs = asyncio.run(_filed(stand, acts))
        log, promiser = SigningKey.new("bench.log/1", 1), SigningKey.new("bench/promises", 1)
        asyncio.run(_opened(stand, log))
        with _growing(stand, log), served(stand, pool=POOL, promiser=promiser.written()) as port:
            began = time.perf_counter()
            work = asyncio.run(_measured(stand, port, hand_offs))
            lasted = time.perf_counter() - began
        return _told(work, lasted, log, promiser)


def _told(work: _Work, lasted: float, log: SigningKey, promiser: SigningKey) -> dict[str, Any]:
    took = sorted(one.seconds for one in work.held if one.seconds is not None)
    kept = 0
    for one in work.held:
        if one.receipt:
            proved = Receipt.read(one.receipt).check(log.key)
            kept += "KEPT" in check_promise(one.promise, promiser.key, proved, {})
    cuts = quantiles(took, n=100)
    return {
        "accepted": len(work.held),
        "per_second": round(len(work.held) / lasted, 1),
        "within_60_s": sum(one <= NEEDED for one in took) / len(work.held),
        "needed": 1.0,
        "promises_kept": kept / len(work.held),
        "seconds": {"p50": cuts[49], "p99": cuts[98], "max": took[-1]},
        "failed": len(work.failed),
        "first_failure": next(iter(work.failed), "")[:300],
    }


async def _opened(stand: Stand, log: SigningKey) -> None:
    url = stand.database.superuser_url.rsplit("/", 1)[0] + "/referral"
    connection = await asyncpg.connect(url)
    await connection.execute(
        "INSERT INTO log.epoch (epoch, origin, signer, opened_at) VALUES (1, $1, $2, $3)",
        *(log.name, str(log.key), datetime.now(UTC)),
    )
    await connection.close()


@contextmanager
def _growing(stand: Stand, log: SigningKey) -> Iterator[None]:
    """Sequencer and signer beside, in a thread with a loop of its own."""
    loop, stopping = asyncio.new_event_loop(), asyncio.Event()

    def now() -> datetime:
        return datetime.now(UTC)

    async def grow() -> None:
        engines = [
            make_engine(stand.database.url(role), pool_size=2) for role in ("sequencer", "signer")
        ]
        made = Signer(log, stand.folder / "log_state")
        await asyncio.gather(
            sequencer.run(engines[0], now, stopping), signer.run(engines[1], made, now, stopping)
        )
        for engine in engines:
            await engine.dispose()

    thread = threading.Thread(target=lambda: loop.run_until_complete(grow()))
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(timeout=30)
        loop.close()


async def _measured(stand: Stand, port: int, hand_offs: list[UUID]) -> _Work:
    work, token = _Work(list(hand_offs)), stand.token("social_worker")
    await asyncio.gather(
        *(_accepting(port, token, work) for _ in range(CLIENTS)),
        *(_asking(port, token, work) for _ in range(POLLERS)),
    )
    return work


async def _accepting(port: int, token: str, work: _Work) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while work.toward:
        one = work.toward.pop()
        path = f"/api/v1/hand-offs/{one}/acceptance"
        writer.write(request(port, token, "POST", path, b"{}", str(uuid4())))
        told = await _answer(reader, work)
        if told is not None:
            held = Held(one, time.perf_counter(), told["promise"])
            work.held.append(held)
            await work.waiting.put(held)
    work.accepting -= 1
    writer.close()


async def _asking(port: int, token: str, work: _Work) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while work.accepting or not work.waiting.empty():
        try:
            held = await asyncio.wait_for(work.waiting.get(), AGAIN)
        except TimeoutError:
            continue
        path = f"/api/v1/hand-offs/{held.hand_off}/receipt"
        writer.write(request(port, token, "GET", path))
        told = await _answer(reader, work)
        waited = time.perf_counter() - held.accepted
        if told is not None and told["receipt"]:
            held.seconds, held.receipt = waited, told["receipt"]
        elif waited < 2 * NEEDED:
            await asyncio.sleep(AGAIN / POLLERS)
            await work.waiting.put(held)
    writer.close()


async def _answer(reader: asyncio.StreamReader, work: _Work) -> Any:
    head = await reader.readuntil(b"\r\n\r\n")
    body = await reader.readexactly(_length(head))
    if head.startswith(b"HTTP/1.1 2"):
        return orjson.loads(body)
    work.failed.append((head.split(b"\r\n")[0] + b" " + body).decode())
    return None
