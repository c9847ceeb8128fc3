"""The training system, as somebody on a new machine meets it: started, used, stopped, killed."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx
import pytest

from referral.embedded import Embedded

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[2]
PATIENCE = 120.0  # seconds, for a machine with other things to do
COMMAND = (sys.executable, "-m", "referral")


@pytest.fixture
def folder(place: Path) -> Iterator[Path]:
    """Somewhere nothing has been started yet."""
    with tempfile.TemporaryDirectory(prefix="referral-tests-", dir=place) as private:
        yield Path(private) / "here"


def environment(**settings: str) -> dict[str, str]:
    """What an ordinary user has: no other setting of ours, and compiled modules kept."""
    theirs = {"PYTHONDONTWRITEBYTECODE", *(n for n in os.environ if n.startswith("REFERRAL_"))}
    return {**{n: value for n, value in os.environ.items() if n not in theirs}, **settings}


@contextmanager
def started(*words: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """A command that runs until told to stop; killed if it outlives its time."""
    with subprocess.Popen(
        [*COMMAND, *words],
        cwd=PROJECT,
        env=environment(**settings),
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        watch = Timer(PATIENCE, running.kill)
        watch.start()
        try:
            yield running
        finally:
            running.kill()
            watch.cancel()


def line_of(running: subprocess.Popen[str]) -> str:
    """The next line it says."""
    assert running.stdout
    return running.stdout.readline()


@contextmanager
def demo(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A running demo, and what it said when it was ready."""
    given = ("demo", "--port", "0", "--json", "--data-dir", str(folder), *words)
    with started(*given) as running:
        yield running, json.loads(line_of(running))


def says(folder: Path, *words: str, **settings: str) -> Any:
    """What a command answers that ends by itself."""
    told = subprocess.run(
        [*COMMAND, *words, "--data-dir", str(folder), "--json"],
        cwd=PROJECT,
        env=environment(**settings),
        capture_output=True,
        check=True,
        timeout=PATIENCE,
    )
    return json.loads(told.stdout)


def server_of(folder: Path) -> int:
    """The process number of the PostgreSQL in this folder."""
    file = folder / "postgresql" / "cluster" / "postmaster.pid"
    return int(file.read_text("utf-8").splitlines()[0])


def ready(address: str) -> bool:
    answer = httpx.get(f"{address}health/ready", timeout=10)
    return answer.status_code == 200


def test_the_demo_starts_serves_stops_and_survives_being_killed(folder: Path) -> None:
    with demo(folder) as (running, told):
        assert ready(told["address"])
        file = Path(told["file"])
        assert file.stat().st_mode & 0o777 == 0o600
        assert (folder / "root_key").stat().st_mode & 0o777 == 0o600
        parts = {(one["country"], one["part"]) for one in told["sign_ins"]}
        for country in ("ZZ", "AR", "LR", "PY", "TH"):
            needed = {"inspector", "hotline", "social_worker", "supervisor", "coordinator"}
            assert {(country, part) for part in (*needed, "agency_admin", "outsider")} <= parts
        # Another command finds the database that is running, and what it issues opens the API.
        token = says(folder, "members", "token", "social_worker.zz", "--scope", "hand_offs:read")
        answer = httpx.get(
            f"{told['address']}api/v1/hand-offs",
            headers={"Authorization": f"Bearer {token['token']}"},
            timeout=10,
        )
        assert answer.status_code == 200, answer.text
        assert says(folder, "audit", "verify")["problems"] == []
        server, written = server_of(folder), file.stat().st_mtime_ns
        running.send_signal(signal.SIGINT)
        running.send_signal(signal.SIGINT)  # some launchers pass it on as well
        assert running.wait(PATIENCE) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(server, 0)

    with demo(folder) as (running, again):
        assert ready(again["address"])
        assert again["sign_ins"] == told["sign_ins"]
        assert file.stat().st_mtime_ns == written, "nothing had to be made again"
        running.kill()
        running.wait(PATIENCE)

    with demo(folder) as (running, third):
        assert ready(third["address"])
        assert third["sign_ins"] == told["sign_ins"]
        running.terminate()
        assert running.wait(PATIENCE) == 0


def test_told_to_stop_while_it_starts_it_ends_well_and_leaves_nothing_running(
    folder: Path,
) -> None:
    with started("demo", "--port", "0", "--json", "--data-dir", str(folder)) as running:
        asyncio.run(begun(folder / "database.lock"))
        running.terminate()
        assert running.wait(PATIENCE) == 0
        assert line_of(running) == ""
    assert not (folder / "postgresql" / "cluster" / "postmaster.pid").exists()
    with demo(folder) as (running, told):
        assert ready(told["address"])
        running.terminate()
        assert running.wait(PATIENCE) == 0


async def begun(file: Path) -> None:
    """Wait until this file is there."""
    async with asyncio.timeout(PATIENCE):
        while not file.exists():
            await asyncio.sleep(0.02)


def test_service_and_clockwork_run_apart_on_a_server_elsewhere(folder: Path) -> None:
    with Embedded.start(folder, durable=False) as server:
        settings = {
            "REFERRAL_MIGRATION_URL": server.superuser_url,
            "REFERRAL_DATABASE_URL": server.url("app", "cases"),
            "REFERRAL_WORKER_DATABASE_URL": server.url("worker", "cases"),
            "REFERRAL_ROOT_KEY": base64.b64encode(bytes(32)).decode(),
        }
        assert says(folder, "migrate", **settings)["changed"]
        with started("serve", "--port", "0", "--json", **settings) as serving:
            told = json.loads(line_of(serving))
            assert told["embedded"] is False
            assert ready(told["address"])
            with started("worker", "--json", **settings) as ticking:
                asyncio.run(signed_in(server.superuser_url, "referral_worker"))
                ticking.terminate()
                assert json.loads(line_of(ticking)) == {"fired": 0, "left": 0, "pushed": 0}
                assert ticking.wait(PATIENCE) == 0
            serving.terminate()
            assert serving.wait(PATIENCE) == 0


async def signed_in(url: str, role: str) -> None:
    """Wait until this role has a connection: nothing else shows that a clockwork is there."""
    connection = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(PATIENCE):
            while not await connection.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE usename = $1", role
            ):
                await asyncio.sleep(0.02)
    finally:
        await connection.close()


def test_a_port_that_is_taken_is_told_before_anything_is_started(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = subprocess.run(
            [*COMMAND, "demo", "--port", port, "--data-dir", str(folder)],
            cwd=PROJECT,
            env=environment(),
            capture_output=True,
            check=False,
            text=True,
            timeout=PATIENCE,
        )
    assert told.returncode == 3
    assert f"Port {port}" in told.stderr
    assert "--port" in told.stderr
    assert not folder.exists()
