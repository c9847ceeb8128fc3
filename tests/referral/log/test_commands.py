"""The log from the command line: its keys, its witnesses, a new epoch; on real files."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agencies.register import COUNTRIES
from referral.audit.key_files import SigningKey
from referral.audit.proof import Key, Note
from referral.audit.statements import Statement
from referral.clock import utc_now
from tests.referral.log.running import Log
from tests.referral.test_cli import (
    MISUSE,
    PROBLEMS,
    UNREACHABLE,
    Elsewhere,
    answer,
    elsewhere,
    folder,
)
from tests.referral.test_serving import served

__all__ = ["elsewhere", "folder"]

PATIENCE = 120.0
NEXT = "log.example.gov/2026b"


@pytest.fixture
def keyed(elsewhere: Elsewhere, tmp_path: Path) -> Elsewhere:
    """A server with the log's key and memory set, and one country's agencies."""
    file = tmp_path / "log_key"
    made = answer("log", "key", str(file), "--origin", "log.example.gov/2026a")
    assert Key.read(made["key"]).name == "log.example.gov/2026a"
    assert file.stat().st_mode & 0o777 == 0o600
    elsewhere.environment |= {
        "REFERRAL_LOG_KEY_FILE": str(file),
        "REFERRAL_LOG_STATE": str(tmp_path / "log_state"),
        "REFERRAL_SEQUENCER_DATABASE_URL": elsewhere.cluster.url("sequencer", "cases"),
        "REFERRAL_SIGNER_DATABASE_URL": elsewhere.cluster.url("signer", "cases"),
    }
    elsewhere.run("migrate")
    elsewhere.run("agencies", "import", str(COUNTRIES / "zz.yaml"))
    return elsewhere


def custodians(folder: Path) -> dict[str, Path]:
    """Two of them, each with a key of her own."""
    files = {name: folder / f"{name}.key" for name in ("ombudsman", "notary")}
    for name, file in files.items():
        answer("audit", "custodian", "key", str(file), "--name", name)
    return files


def public(file: Path) -> str:
    """The public text of a private key."""
    return str(SigningKey.read(file.read_text()).key)


def at_work(elsewhere: Elsewhere, *words: str) -> subprocess.Popen[bytes]:
    """A command that runs until told to stop."""
    theirs = {n: v for n, v in os.environ.items() if not n.startswith("REFERRAL_")}
    return subprocess.Popen(
        [sys.executable, "-m", "referral", *words, "--json"],
        env=theirs | elsewhere.environment,
        stdout=subprocess.PIPE,
    )


def test_a_log_is_begun_signed_and_begun_anew(keyed: Elsewhere, tmp_path: Path) -> None:
    assert keyed.run("audit", "epoch", "begin")["begun"] is False, "migrate has begun it"
    witness = SigningKey.new("labour", 4)
    added = keyed.run(
        "audit", "witnesses", "add", str(witness.key), "--agency", "COUNCIL", "--country", "zz"
    )
    assert added["enrolled"]
    again = keyed.run("audit", "witnesses", "add", str(witness.key), code=PROBLEMS)
    assert "enrolled already" in again["error"]
    [listed] = keyed.run("audit", "witnesses", "list")["witnesses"]
    assert (listed["name"], listed["independent"], listed["last_at"]) == ("labour", True, None)

    both = [at_work(keyed, "log", "sequence"), at_work(keyed, "log", "sign")]
    state = Path(keyed.environment["REFERRAL_LOG_STATE"])
    wait_for(state)
    for process in both:
        process.send_signal(signal.SIGTERM)
    told = [process.communicate(timeout=PATIENCE)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert [b'{"placed":' in told[0], b'{"signed":' in told[1]] == [True, True]

    assert keyed.run("audit", "witnesses", "end", "labour")["ended"]
    assert "No witness" in keyed.run("audit", "witnesses", "end", "labour", code=PROBLEMS)["error"]

    files = custodians(tmp_path)
    keyed.environment["REFERRAL_LOG_CUSTODIANS"] = ",".join(map(public, files.values()))
    new = tmp_path / "new_key"
    answer("log", "key", str(new), "--origin", NEXT)
    statement = tmp_path / "statement"
    proposed = keyed.run(
        *("audit", "epoch", "propose", str(statement), "--signer", public(new)),
        *("--why", "the key is changed once a year"),
    )
    assert proposed["missing"] == 0
    first, second = files.values()
    answer("audit", "custodian", "sign", str(statement), "--key", str(first))
    few = keyed.run("audit", "epoch", "open", str(statement), code=PROBLEMS)
    assert "signed by 1 of the custodians" in few["error"]
    answer("audit", "custodian", "sign", str(statement), "--key", str(second))
    note = Note.read(statement.read_text())
    assert Statement.read(note.text).why == "the key is changed once a year"
    assert keyed.run("audit", "epoch", "open", str(statement))["epoch"] == 2
    assert keyed.run("audit", "verify")["problems"] == []


def wait_for(file: Path) -> None:
    """Until the signer has signed; a machine may be busy."""
    import time

    until = time.monotonic() + PATIENCE
    while not file.exists():
        assert time.monotonic() < until, "nothing was signed"
        time.sleep(0.1)


def test_without_its_key_nothing_is_signed_and_it_says_what_is_missing(
    elsewhere: Elsewhere,
) -> None:
    elsewhere.environment["REFERRAL_SIGNER_DATABASE_URL"] = elsewhere.cluster.url("signer", "cases")
    assert "REFERRAL_LOG_KEY_FILE" in elsewhere.run("log", "sign", code=MISUSE)["error"]
    elsewhere.environment["REFERRAL_LOG_KEY"] = SigningKey.new("log.example.gov/1", 1).written()
    assert "REFERRAL_LOG_STATE" in elsewhere.run("log", "sign", code=MISUSE)["error"]
    elsewhere.environment["REFERRAL_LOG_ORIGIN"] = "log.example.gov/2"
    assert "A key belongs to one epoch" in elsewhere.run("log", "sign", code=MISUSE)["error"]
    elsewhere.environment["REFERRAL_LOG_KEY"] = "no key"
    assert "cannot be used" in elsewhere.run("log", "sign", code=MISUSE)["error"]
    assert "SEQUENCER_DATABASE_URL" in elsewhere.run("log", "sequence", code=MISUSE)["error"]


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "log_key"
    answer("log", "key", str(file), "--origin", "log.example.gov/1")
    before = file.read_text()
    assert (
        "never written over"
        in (
            answer("log", "key", str(file), "--origin", "log.example.gov/2", code=PROBLEMS)["error"]
        )
    )
    assert file.read_text() == before
    named = answer("log", "key", str(tmp_path / "x"), "--origin", "two words", code=PROBLEMS)
    assert "verifier key" in named["error"]


@pytest.fixture
async def address(log: Log) -> AsyncIterator[str]:
    """Where the log is served, its clock that of everybody else."""
    log.house.at.to(utc_now())
    async with served(log.house, log.house.installation.settings) as port:
        yield f"http://127.0.0.1:{port}"


def watches(log: Log, address: str, *more: str, code: int = 0) -> Any:
    """A visit of a witness, as an agency runs it."""
    files = ("--key", str(log.folder / "w.key"), "--state", str(log.folder / "w.state"))
    return answer("audit", "witness", "--log", address, *files, *more, "--once", code=code)


async def test_an_agency_watches_over_http(log: Log, address: str) -> None:
    await log.grow(3)
    first = await asyncio.to_thread(watches, log, address, code=PROBLEMS)
    assert "--name" in first["error"]
    named = ("--name", "labour")
    unknown = await asyncio.to_thread(watches, log, address, *named, code=PROBLEMS)
    assert "--log-key" in unknown["error"]
    key = ("--log-key", str(log.key.key))
    stranger = await asyncio.to_thread(watches, log, address, *key, code=UNREACHABLE)
    assert "no witness of this log" in stranger["error"]
    hers = SigningKey.read((log.folder / "w.key").read_text())
    from referral.audit import witnesses

    async with log.operator() as session:
        await witnesses.enrol(session, hers.key, None, independent=True, now=log.now())
    await log.sealed()
    seen = await asyncio.to_thread(watches, log, address)
    assert seen["cosigned"] is True
    assert (await log.latest()).cosigned[0].witness == "labour"

    await log.rewritten("DELETE FROM referral.audit_entry WHERE seq = 2")
    fork = await asyncio.to_thread(watches, log, address, code=PROBLEMS)
    assert "INCIDENT" in fork["error"]
    assert list(log.folder.glob("w.state.incident-*"))


async def test_a_log_that_is_away_is_no_incident(log: Log) -> None:
    key = ("--log-key", str(log.key.key), "--name", "labour")
    away = await asyncio.to_thread(watches, log, "http://127.0.0.1:9", *key, code=UNREACHABLE)
    assert "INCIDENT" not in away["error"]
    clear = await asyncio.to_thread(watches, log, "http://192.0.2.1", *key, code=UNREACHABLE)
    assert "TLS" in clear["error"]
