"""The embedded PostgreSQL: one cluster in one folder, started and stopped with the program.

What must hold: acknowledged means on disk; Ctrl-C ends it cleanly; a killed program, a killed
PostgreSQL or a power cut leaves nothing that stops the next start; two starts on one folder never
meet. It must never know tables or settings of the service; an external server needs none of this.

The folder holds ``passwords.json`` (0600), ``database.lock``, ``postgresql/{cluster,run,log}``.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import secrets
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

from referral import roles
from referral.embedded.binaries import EmbeddedProblem, account_for, binaries_for
from referral.embedded.cluster import SUPERUSER, Site, end, end_orphan, make_cluster, serve

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

__all__ = ["Embedded", "EmbeddedProblem"]


class Embedded:
    """A running PostgreSQL, made by ``start`` and ended by ``stop`` or the end of a ``with``."""

    def __init__(
        self,
        data_dir: Path,
        port: int,
        passwords: dict[str, str],
        held: tuple[subprocess.Popen[bytes], int],  # the server's guard and the folder's lock
    ) -> None:
        self.data_dir = data_dir
        self.port = port
        self.socket_dir = data_dir / "postgresql" / "run"
        self._passwords = passwords
        self._server, self._lock = held

    @classmethod
    def start(
        cls, data_dir: Path, *, port: int | None = None, durable: bool = True, fresh: bool = False
    ) -> Self:
        """Start the cluster in this folder, making it first if there is none.

        ``port`` on 127.0.0.1, a free one if None; ``durable=False`` may lose everything at a power
        cut and is for tests only; ``fresh`` throws away what the folder held.
        Raises EmbeddedProblem.

        1. Lock the folder: from here nobody else touches it.
        2. End a server that outlived its program, and look who may run the next.
        3. Make the cluster, beside its place and then moved in whole.
        4. Start, wait until it answers, make roles and database.
        """
        data_dir = data_dir.absolute()
        lock = _locked(data_dir)
        try:
            running = cls._started(data_dir, port, lock, durable=durable, fresh=fresh)
        except OSError as error:
            os.close(lock)
            message = (
                f"PostgreSQL cannot use {data_dir}: {error.strerror} ({error.filename}). Make room,"
                " or choose a folder that belongs to you with --data-dir."
            )
            raise EmbeddedProblem(message) from error
        except BaseException:
            os.close(lock)
            raise
        try:
            _furnish(running.superuser_url, running._passwords)  # noqa: SLF001 - our own
        except BaseException:
            running.stop()
            raise
        return running

    @classmethod
    def _started(
        cls, data_dir: Path, port: int | None, lock: int, *, durable: bool, fresh: bool
    ) -> Self:
        house, file = data_dir / "postgresql", data_dir / "passwords.json"
        left_over = end_orphan(house / "cluster")
        if fresh and house.exists():
            shutil.rmtree(house)
            file.unlink(missing_ok=True)
        account = account_for(house)
        site = Site(house, account, binaries_for(account), durable)
        passwords = _passwords(file, site)
        make_cluster(site, passwords[SUPERUSER])
        port, server = serve(site, port, left_over)
        return cls(data_dir, port, passwords, (server, lock))

    @property
    def running(self) -> bool:
        """Whether PostgreSQL is still there; one that was killed comes back with ``start``."""
        return self._server.poll() is None

    @property
    def superuser_url(self) -> str:
        """The superuser's address, for making roles and databases."""
        return self._address(SUPERUSER, self._passwords[SUPERUSER], "postgres")

    def url(self, role: str, database: str = roles.DATABASE) -> str:
        """``postgresql://…`` for a role of ``roles.LOGINS``, named without its prefix."""
        return self._address(roles.PREFIX + role, self._passwords[role], database)

    def _address(self, user: str, password: str, database: str) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        """End PostgreSQL in order and leave the folder to others; safe to repeat."""
        end(self._server)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Self:
        """Already running."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, whatever happened inside."""
        self.stop()


def _locked(data_dir: Path) -> int:
    """Make the folder if need be and lock it; the lock ends with us, even by kill -9."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(data_dir / "database.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        message = (
            f"The folder {data_dir} cannot be used: {error.strerror}. Choose one that belongs to"
            " you with --data-dir, or start as the account that made it."
        )
        raise EmbeddedProblem(message) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        owner = os.pread(lock, 20, 0).decode() or "unknown"
        os.close(lock)
        message = (
            f"Another program (process {owner}) has its database in {data_dir}; two on one folder"
            " would destroy it. Stop that one, or choose another folder with --data-dir."
        )
        raise EmbeddedProblem(message) from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def _passwords(file: Path, site: Site) -> dict[str, str]:
    """The passwords on file, with those of new roles; written before a cluster needs them."""
    try:
        known: dict[str, str] = json.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        known = {}
        if site.cluster.exists():
            message = (
                f"{file} is missing, and without it nobody can sign in to the database beside it."
                " Put it back from a copy, or start anew with --fresh (what was filed is lost)."
            )
            raise EmbeddedProblem(message) from error
    complete = {SUPERUSER: secrets.token_urlsafe(24)} | roles.new_passwords() | known
    if complete != known:
        partial = file.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            json.dump(complete, out, indent=1)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(file)
    return complete


def _furnish(superuser_url: str, passwords: dict[str, str]) -> None:
    """Roles and database, at each start: one that was cut short is completed by the next."""

    async def furnish() -> None:
        await roles.create_roles(superuser_url, {name: passwords[name] for name in roles.LOGINS})
        await roles.create_database(superuser_url)

    with ThreadPoolExecutor(1) as own:  # the caller's thread may be running a loop already
        own.submit(asyncio.run, furnish()).result()
