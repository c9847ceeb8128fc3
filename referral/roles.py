"""The PostgreSQL roles and the database this service lives in, embedded or external.

Who may do what is written here once, so that a laptop and a production server cannot differ: no
role of ours is a superuser, owns what it writes, or passes row security by. It must never know
tables: what each role may touch is granted in the migrations, beside the tables.

Sources: PostgreSQL manual 5.9 (owners and BYPASSRLS skip row security), RFC 5802 and RFC 7677
(SCRAM-SHA-256).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import unquote, urlsplit

import asyncpg

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "referral_"
DATABASE = "referral"


class RolesProblem(Exception):
    """The roles or the database could not be made as they must be."""


class Role(NamedTuple):
    """One role, named without its prefix; ``limits`` are its defaults for each of its sessions."""

    name: str
    login: bool = False
    member_of: tuple[str, ...] = ()
    limits: tuple[tuple[str, str], ...] = ()


# A forgotten transaction holds locks and stops the audit log's horizon (it waits for the oldest
# open transaction), so every role that writes has its time.
_QUICK = (
    ("statement_timeout", "15s"),
    ("lock_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "15s"),
)
_PATIENT = (
    ("statement_timeout", "120s"),
    ("lock_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "30s"),
)
_READ_ONLY = (("default_transaction_read_only", "on"),)

ROLES: tuple[Role, ...] = (
    Role("owner"),  # owns schemas and tables; nobody signs in as it
    Role("effector"),  # owns carry_out: the only way an effect reaches a case
    Role(
        "migrator",  # deploys; a migration that waits for a lock would make everybody wait
        login=True,
        member_of=("owner", "effector"),
        limits=(("lock_timeout", "3s"),),
    ),
    Role("app", login=True, limits=_QUICK),
    Role("worker", login=True, limits=_PATIENT),
    Role("reporter", login=True, limits=_PATIENT),
    Role("sequencer", login=True, limits=_PATIENT),
    Role("signer", login=True, limits=_PATIENT),
    Role("auditor_ro", login=True, limits=_READ_ONLY),
    Role("backup", login=True, limits=_READ_ONLY),
)
LOGINS: tuple[str, ...] = tuple(role.name for role in ROLES if role.login)


def new_passwords() -> dict[str, str]:
    """One random password (192 bits, URL-safe text) for each role that signs in."""
    return {name: secrets.token_urlsafe(24) for name in LOGINS}


def passwords_of(*urls: str) -> dict[str, str]:
    """The passwords of our roles in these addresses, for ``create_roles`` on a server elsewhere.

    Addresses of other users are left out: their passwords are not ours to set.
    """
    named = [(parts.username or "", parts.password) for parts in map(urlsplit, urls)]
    return {
        user.removeprefix(PREFIX): unquote(password)
        for user, password in named
        if password and user.removeprefix(PREFIX) in LOGINS and user.startswith(PREFIX)
    }


async def create_roles(superuser_url: str, passwords: Mapping[str, str]) -> None:
    """Make every role, or put it right; safe to repeat, and safe when two do it at once.

    ``passwords`` maps role names without prefix to passwords. A role that is not named in it keeps
    the password it has; a new one has none and cannot sign in until it is given one.
    Raises RolesProblem when a role would stand above row security, or a password is not ASCII.
    """
    unknown = sorted(set(passwords) - set(LOGINS))
    if unknown:
        message = (
            f"No role that signs in is called {', '.join(unknown)}. Allowed: {', '.join(LOGINS)}."
        )
        raise RolesProblem(message)
    connection = await asyncpg.connect(superuser_url)
    try:
        async with connection.transaction():
            await connection.execute(_roles_sql(passwords))
            await _refuse_powerful(connection)
    finally:
        await connection.close()


async def create_database(
    superuser_url: str,
    name: str = DATABASE,
    *,
    template: str = "template0",
    strategy: Literal["wal_log", "file_copy"] = "wal_log",
) -> None:
    """Make the database, owned by ``owner`` and closed to every role but ours; safe to repeat.

    ``template`` is the database to copy: template0 brings nobody's additions along. ``file_copy``
    is the quicker way where nothing has to reach a disk.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name):
        message = (
            f"{name!r} cannot be a database's name here: use small letters, digits and underscores,"
            " beginning with a letter."
        )
        raise RolesProblem(message)
    logins = ", ".join(PREFIX + login for login in LOGINS)
    connection = await asyncpg.connect(superuser_url)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await connection.execute(
                f"CREATE DATABASE {name} OWNER {PREFIX}owner TEMPLATE {template} ENCODING 'UTF8'"
                f" STRATEGY {strategy}"
            )
        await connection.execute(
            f"ALTER DATABASE {name} OWNER TO {PREFIX}owner;"
            f" REVOKE ALL ON DATABASE {name} FROM PUBLIC;"
            f" GRANT CONNECT ON DATABASE {name} TO {logins}"
        )
    finally:
        await connection.close()


def _roles_sql(passwords: Mapping[str, str]) -> str:
    """One script; the lock makes a second one wait instead of failing on a role made meanwhile."""
    lines = ["SELECT pg_advisory_xact_lock(hashtextextended('referral roles', 0));"]
    for role in ROLES:
        name = PREFIX + role.name
        lines.append(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}')"
            f" THEN CREATE ROLE {name}; END IF; END $$;"
        )
        lines.append(f"ALTER ROLE {name} {'LOGIN' if role.login else 'NOLOGIN'};")
        lines += [f"ALTER ROLE {name} SET {key} = '{value}';" for key, value in role.limits]
        if role.name in passwords:
            lines.append(f"ALTER ROLE {name} PASSWORD '{_verifier(passwords[role.name])}';")
    lines += [
        f"GRANT {PREFIX}{group} TO {PREFIX}{role.name};"
        for role in ROLES
        for group in role.member_of
    ]
    # An administrator who is no superuser (managed servers) may give a database away only to a
    # role it is a member of.
    lines.append(
        "DO $$ BEGIN IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"  # noqa: S608
        f" THEN EXECUTE format('GRANT {PREFIX}owner TO %I', current_user); END IF; END $$;"
    )
    return "\n".join(lines)


async def _refuse_powerful(connection: asyncpg.Connection) -> None:
    """Row security is only as good as the roles under it: none may stand above it."""
    powerful = await connection.fetch(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY($1) AND"
        " (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)",
        [PREFIX + role.name for role in ROLES],
    )
    if powerful:
        names = ", ".join(row["rolname"] for row in powerful)
        message = (
            f"{names}: this role has a right that passes row security by, so every case would be"
            " open to it. Take it away: ALTER ROLE … NOSUPERUSER NOBYPASSRLS NOCREATEROLE"
            " NOCREATEDB NOREPLICATION."
        )
        raise RolesProblem(message)


def _verifier(password: str) -> str:
    """What PostgreSQL stores for a password (RFC 5803 form).

    Made here so that the password itself never reaches the server or its statement log.
    """
    if not password.isascii():
        message = (
            "A database password must be plain ASCII: others are prepared differently by"
            " different programs and would be refused at sign-in."
        )
        raise RolesProblem(message)
    rounds, salt = 4096, secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    client = hmac.digest(salted, b"Client Key", "sha256")
    server = hmac.digest(salted, b"Server Key", "sha256")
    stored = hashlib.sha256(client).digest()
    parts = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${rounds}:{parts[0]}${parts[1]}:{parts[2]}"
