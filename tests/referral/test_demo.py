"""The training system, as somebody on a new machine meets it: started, used, stopped, killed."""

from __future__ import annotations

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

import httpx
import pytest

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


def environment() -> dict[str, str]:
    """What an ordinary user has: no setting of ours, and compiled modules kept for next time."""
    theirs = {"PYTHONDONTWRITEBYTECODE", *(n for n in os.environ if n.startswith("REFERRAL_"))}
    return {name: value for name, value in os.environ.items() if name not in theirs}


@contextmanager
def demo(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A running demo, and what it said when it was ready; killed if it outlives its time."""
    command = [*COMMAND, "demo", "--port", "0", "--json", "--data-dir", str(folder), *words]
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment(), stdout=subprocess.PIPE, text=True
    ) as running:
        watch = Timer(PATIENCE, running.kill)
        watch.start()
        try:
            assert running.stdout
            yield running, json.loads(running.stdout.readline())
        finally:
            running.kill()
            watch.cancel()


def says(folder: Path, *words: str) -> Any:
    """What another command answers while the demo runs."""
    told = subprocess.run(
        [*COMMAND, *words, "--data-dir", str(folder), "--json"],
        cwd=PROJECT,
        env=environment(),
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
        for country in ("ZZ", "AR"):
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
