"""The command line: every command says what it did in words or JSON, and ends with a code."""

from __future__ import annotations

import base64
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from alembic.config import Config
from alembic.script import ScriptDirectory
from typer.testing import CliRunner

from agencies.register import COUNTRIES
from referral import migrating
from referral.cli import app
from referral.embedded import Embedded
from referral.vault.files import write_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

GOOD, PROBLEMS, MISUSE, UNREACHABLE = range(4)
KEY = base64.b64encode(bytes(32)).decode()


class Elsewhere:
    """A server as an operator has one: addresses in the environment, nothing in it yet."""

    def __init__(self, cluster: Embedded) -> None:
        self.cluster = cluster
        self.environment = {
            "REFERRAL_MIGRATION_URL": cluster.superuser_url,
            "REFERRAL_DATABASE_URL": cluster.url("app", "cases"),
            "REFERRAL_WORKER_DATABASE_URL": cluster.url("worker", "cases"),
            "REFERRAL_AUDITOR_DATABASE_URL": cluster.url("auditor_ro", "cases"),
            "REFERRAL_ROOT_KEY": KEY,
        }

    def run(self, *words: str, code: int = GOOD) -> Any:
        """What a command answers with ``--json``; it must end with this code."""
        return answer(*words, code=code, environment=self.environment)


def answer(*words: str, code: int = GOOD, environment: dict[str, str] | None = None) -> Any:
    told = CliRunner().invoke(app, [*words, "--json"], env=alone(environment))
    assert told.exit_code == code, f"{told.exit_code}: {told.output}"
    return json.loads(told.stdout)


def alone(environment: dict[str, str] | None = None) -> dict[str, str | None]:
    """No setting of whoever runs the tests may reach them."""
    theirs = dict.fromkeys(name for name in os.environ if name.startswith("REFERRAL_"))
    return {**theirs, "COLUMNS": "200", **(environment or {})}


def words_of(*words: str, code: int = GOOD, environment: dict[str, str] | None = None) -> str:
    """What a command says to people."""
    told = CliRunner().invoke(app, list(words), env=alone(environment))
    assert told.exit_code == code, f"{told.exit_code}: {told.output}"
    return told.output


@pytest.fixture
def folder(place: Path) -> Iterator[Path]:
    """Somewhere nothing has been started yet."""
    with tempfile.TemporaryDirectory(prefix="referral-tests-", dir=place) as private:
        yield Path(private) / "here"


@pytest.fixture
def elsewhere(folder: Path) -> Iterator[Elsewhere]:
    """A server of its own: ``migrate`` gives a role a new password."""
    with Embedded.start(folder, durable=False) as running:
        yield Elsewhere(running)


def leaves(command: Any, *names: str) -> Iterator[tuple[str, Any]]:
    """Every command with its full name."""
    if not hasattr(command, "commands"):
        yield " ".join(names), command
        return
    for name in command.list_commands(None):
        yield from leaves(command.get_command(None, name), *names, name)


def test_every_command_there_must_be_is_there_and_takes_json() -> None:
    found = dict(leaves(typer.main.get_command(app)))
    assert set(found) == {
        *("demo", "serve", "worker", "migrate", "check", "guide", "agenda", "report"),
        *("members add", "members token", "agencies import", "intake import", "audit verify"),
        *("keys list", "keys rotate", "keys rewrap", "replay"),
        *("clients add", "clients end"),
        *("webhooks allow", "webhooks hosts", "webhooks forbid"),
        *("providers add", "providers list", "providers end"),
        *("log key", "log sequence", "log sign"),
        *("audit epoch begin", "audit epoch propose", "audit epoch open"),
        *("audit custodian key", "audit custodian sign"),
        *("audit witness", "audit witnesses add", "audit witnesses list", "audit witnesses end"),
    }
    silent = [
        name
        for name, command in found.items()
        if not any("--json" in parameter.opts for parameter in command.params)
    ]
    assert silent == []


def test_a_server_is_made_ready_and_used_from_the_command_line(elsewhere: Elsewhere) -> None:
    assert elsewhere.run("migrate") == {"version": migrating.newest(), "changed": True}
    assert elsewhere.run("migrate")["changed"] is False

    register = str(COUNTRIES / "zz.yaml")
    entered = elsewhere.run("agencies", "import", register)
    assert entered["agencies"]["added"] > 10
    again = elsewhere.run("agencies", "import", register)
    assert (again["agencies"]["added"], again["problems"]) == (0, [])

    new = ("--country", "zz", "--user-name", "nora.zz", "--name", "Nora", "--agency", "COUNCIL")
    added = elsewhere.run("members", "add", *new, "--role", "COORDINATOR")
    assert len(added["password"]) == 23
    taken = elsewhere.run("members", "add", *new, "--role", "COORDINATOR", code=MISUSE)
    assert "nora.zz already" in taken["error"]

    issued = elsewhere.run("members", "token", "nora.zz", "--scope", "cases:read", "--days", "7")
    assert issued["scopes"] == ["cases:read"]
    assert len(issued["token"]) == 43
    nobody = elsewhere.run("members", "token", "nobody", "--scope", "cases:read", code=MISUSE)
    assert "Nobody called nobody" in nobody["error"]

    verified = elsewhere.run("audit", "verify")
    assert (verified["entries"], verified["problems"]) == (0, [])

    # Only one country was entered, so the other's mandates resolve nowhere: that is a problem.
    assert {one["country"] for one in elsewhere.run("check", "ZZ")["coverage"]} == {"ZZ"}
    checked = elsewhere.run("check", "ZZ", "PY", code=PROBLEMS)
    resolved = {one["country"]: one["holes"] for one in checked["coverage"]}
    assert all(hole["fall_back"] == "COUNCIL" for hole in resolved["ZZ"])
    assert any(hole["fall_back"] is None for hole in resolved["PY"])


def test_hosts_of_webhooks_are_listed_and_taken_away(elsewhere: Elsewhere) -> None:
    elsewhere.run("migrate")
    host = {"country": "ZZ", "host": "cases.example.org", "port": 8443}
    named = ("Cases.Example.Org:8443", "--country", "zz")
    assert elsewhere.run("webhooks", "allow", *named) == host
    assert elsewhere.run("webhooks", "allow", *named) == host
    assert elsewhere.run("webhooks", "hosts") == {"hosts": [host]}
    assert elsewhere.run("webhooks", "forbid", *named) == host
    elsewhere.run("webhooks", "forbid", *named, code=MISUSE)
    assert elsewhere.run("webhooks", "hosts") == {"hosts": []}
    for wrong in ("10.0.0.1", "localhost", "cases.example.org:0", "https://x.example", "x", "a.1"):
        told = elsewhere.run("webhooks", "allow", wrong, "--country", "ZZ", code=MISUSE)
        assert "a name in full" in str(told)
    elsewhere.run("webhooks", "allow", "x.example", "--country", "ZZZ", code=MISUSE)


def test_every_problem_of_a_register_is_told_with_its_line(
    elsewhere: Elsewhere, tmp_path: Path
) -> None:
    elsewhere.run("migrate")
    register = tmp_path / "broken.csv"
    register.write_text("country,key\nZZ,WITHOUT-THE-REST\n", "utf-8")
    told = elsewhere.run("agencies", "import", str(register), code=PROBLEMS)
    assert told["problems"]
    assert {problem["file"] for problem in told["problems"]} == {"broken.csv"}


def test_the_newest_migration_is_the_head_of_the_history() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrating.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == migrating.newest()


def test_check_needs_no_database_and_says_so(folder: Path) -> None:
    assert answer("check", "ZZ", "--data-dir", str(folder))["coverage"] is None
    said = words_of("check", "ZZ", "--data-dir", str(folder))
    assert "Only the protocols were checked" in said
    assert not folder.exists()


NO_TLS = {"REFERRAL_TLS_CERT": "/none", "REFERRAL_TLS_KEY": "/none"}


@pytest.mark.parametrize(
    ("words", "environment", "code", "said"),
    [
        (["serve"], {"REFERRAL_HOST": "0.0.0.0"}, MISUSE, "not a loopback address"),  # noqa: S104
        (["serve"], NO_TLS, UNREACHABLE, "REFERRAL_TLS_KEY"),
        (["serve"], {"REFERRAL_PORT": "many"}, MISUSE, "REFERRAL_PORT"),
        (["worker"], {}, MISUSE, "REFERRAL_WORKER_DATABASE_URL is not set"),
        (
            ["worker"],
            {"REFERRAL_WORKER_DATABASE_URL": "postgresql://a@127.0.0.1:1/b"},
            MISUSE,
            "REFERRAL_ROOT_KEY is not set",
        ),
        (
            ["audit", "verify"],
            {"REFERRAL_DATABASE_URL": "postgresql://a@127.0.0.1:1/b"},
            MISUSE,
            "REFERRAL_AUDITOR_DATABASE_URL is not set",
        ),
        (["audit", "verify", "--log", "my key"], {}, MISUSE, "no Ed25519 verifier key"),
        (["audit", "verify", "--from", __file__], {}, MISUSE, "no signed note"),
        (["audit", "verify", "--from", "nowhere"], {}, MISUSE, "does not exist"),
        (
            ["audit", "verify"],
            {"REFERRAL_AUDITOR_DATABASE_URL": "postgresql://a@127.0.0.1:1/b"},
            UNREACHABLE,
            "cannot be reached",
        ),
        (
            ["migrate"],
            {"REFERRAL_MIGRATION_URL": "postgresql://a@127.0.0.1:1/b"},
            UNREACHABLE,
            "cannot be reached",
        ),
        (["agencies", "import", "nowhere.yaml"], {}, MISUSE, "does not exist"),
        (["demo", "--port", "70000"], {}, MISUSE, "65535"),
        (["dance"], {}, MISUSE, "dance"),
    ],
)
def test_what_goes_wrong_is_said_in_words_and_by_a_code(
    words: list[str], environment: dict[str, str], code: int, said: str
) -> None:
    told = words_of(*words, code=code, environment=environment)
    assert said in told
    assert "Traceback" not in told


def test_an_error_is_json_too() -> None:
    told = answer("worker", code=MISUSE)
    assert told["exit_code"] == MISUSE
    assert "REFERRAL_WORKER_DATABASE_URL_FILE" in told["error"]


def test_a_secret_is_whole_and_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    write_secret(file, "first")
    write_secret(file, "second")
    assert file.read_text("utf-8") == "second"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_a_secret_is_on_the_disk_and_so_is_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder too: else the power goes, and a signer's memory is what it was a moment before."""
    folder, really = tmp_path.stat().st_ino, os.fsync
    forced: list[int] = []

    def fsync(file: int) -> None:
        forced.append(os.fstat(file).st_ino)
        really(file)

    monkeypatch.setattr(os, "fsync", fsync)
    write_secret(tmp_path / "secret", "kept")
    assert forced == [(tmp_path / "secret").stat().st_ino, folder]
