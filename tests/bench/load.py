"""Load over HTTP: kept-alive connections that send prepared requests one after the other.

Written to cost little, because client and server share two cores.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import quantiles

from tests.bench.stand import Stand


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a load: requests per second, and latencies in milliseconds."""

    rate: float
    p50: float
    p95: float
    p99: float
    failed: int
    first_failure: str = ""

    @classmethod
    def of(cls, seconds: float, latencies: list[float], failures: list[str]) -> Load:
        """From what was measured."""
        cuts = quantiles(latencies, n=100)
        return cls(
            rate=len(latencies) / seconds,
            p50=cuts[49] * 1000,
            p95=cuts[94] * 1000,
            p99=cuts[98] * 1000,
            failed=len(failures),
            first_failure=failures[0][:300] if failures else "",
        )


@contextmanager
def served(stand: Stand, *, pool: int, promiser: str = "") -> Iterator[int]:
    """The service in its own process; gives the port. ``promiser``: a key that signs promises."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "BENCH_URL": stand.database.url("app"),
        "BENCH_KEY": stand.root_key,
        "BENCH_POOL": str(pool),
        "BENCH_PROMISER": promiser,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.server", str(port)], env=environment
    )
    try:
        for _ in range(900):  # a busy machine starts slowly
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


def request(
    port: int, token: str, method: str, path: str, body: bytes = b"", key: str = ""
) -> bytes:
    """One request, ready to be sent."""
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Authorization: Bearer {token}",
        f"Content-Length: {len(body)}",
    ]
    if body:
        lines.append("Content-Type: application/json")
    if key:
        lines.append(f'Idempotency-Key: "{key}"')
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def send(port: int, requests: Sequence[bytes], *, connections: int = 16) -> Load:
    """Send them all over so many connections."""
    return asyncio.run(_send(port, requests, connections))


async def _send(port: int, requests: Sequence[bytes], connections: int) -> Load:
    waiting = iter(requests)
    latencies: list[float] = []
    failures: list[str] = []

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for prepared in waiting:
            began = time.perf_counter()
            writer.write(prepared)
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(_length(head))
            latencies.append(time.perf_counter() - began)
            if not head.startswith(b"HTTP/1.1 2"):
                failures.append((head.split(b"\r\n")[0] + b" " + body).decode())
        writer.close()
        await writer.wait_closed()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(connections)))
    return Load.of(time.perf_counter() - began, latencies, failures)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0
