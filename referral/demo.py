"""The training system: five countries, their agencies, and a cast of invented people.

Nothing in it is real and nothing in it may become real: passwords lie in a file beside the data.
It must never know how a directory is spelled, nor how anything is served.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from agencies import cast
from agencies.identity import hash_made, new_password
from agencies.models import Member
from agencies.register import COUNTRIES, enter, read
from referral.vault.files import write_secret

PLAYED: Final = ("ZZ", "AR", "LR", "PY", "TH")
SIGN_INS: Final = "sign-ins.json"


@dataclass(frozen=True, slots=True)
class SignIn:
    """How somebody of the cast gets in."""

    country: str
    part: str
    name: str
    user_name: str
    password: str
    agency: str
    unit: str
    role: str


@dataclass(frozen=True, slots=True)
class _Known:
    """What an earlier start wrote down: which files were entered, and everybody's password."""

    files: str
    sign_ins: tuple[SignIn, ...]


async def furnish(
    url: str, data_dir: Path, on: date, tell: Callable[[str], None] = lambda _: None
) -> tuple[SignIn, ...]:
    """Agencies and cast, as the files say; quick when done before. ``url``: the migrator's.

    1. Nothing to do if the files are those of the last start and everybody is still there.
    2. Directory and cast in one transaction; known people keep their passwords.
    3. The passwords are on the disk *before* the transaction ends: nobody can be left without.

    Raises ValueError when a file is broken, with every line.
    """
    file, files = data_dir / SIGN_INS, _digest()
    known = _read(file)
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"), poolclass=NullPool
    )
    try:
        async with engine.begin() as connection:
            if known.files == files and await _all_there(connection, known.sign_ins):
                return known.sign_ins
            for country in PLAYED:
                tell(f"entering the agencies of {country}")
                entered = await enter(connection, read(COUNTRIES / f"{country.lower()}.yaml"), on)
                if entered.problems:
                    raise ValueError("\n".join(str(problem) for problem in entered.problems))
            tell("casting the people")
            players = await cast.load_cast(connection, PLAYED, on)
            sign_ins = await _sign_ins(connection, players, known.sign_ins)
            await _addresses(connection, players)
            write_secret(file, json.dumps(asdict(_Known(files, sign_ins)), indent=1))
    finally:
        await engine.dispose()
    return sign_ins


async def _addresses(connection: AsyncConnection, players: Sequence[cast.Player]) -> None:
    """Where training mails them: names that exist nowhere (RFC 2606). One chosen is kept."""
    await connection.exec_driver_sql("SET LOCAL ROLE referral_effector")
    for player in players:
        country = player.part.country
        await connection.exec_driver_sql(
            "SELECT set_config('referral.country', $1, true)", (country,)
        )
        await connection.exec_driver_sql(
            "INSERT INTO referral.notice_preference (member_id, country, address, changed_at) "
            "VALUES ($1, $2, $3, now()) ON CONFLICT (member_id) DO NOTHING",
            (player.member_id, country, f"{player.part.user_name}@training.invalid"),
        )
    await connection.exec_driver_sql("RESET ROLE")


def forget(data_dir: Path) -> None:
    """The passwords of a cast that is no more."""
    (data_dir / SIGN_INS).unlink(missing_ok=True)


def _digest() -> str:
    """SHA-256 over everything that is entered."""
    whole = hashlib.sha256(b"with addresses")
    for path in (*(COUNTRIES / f"{country.lower()}.yaml" for country in PLAYED), cast.FILE):
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def _read(file: Path) -> _Known:
    try:
        found = json.loads(file.read_text("utf-8"))
        return _Known(found["files"], tuple(SignIn(**one) for one in found["sign_ins"]))
    except (OSError, ValueError, KeyError, TypeError):
        return _Known("", ())  # none yet, or written by another version: made anew


async def _all_there(connection: AsyncConnection, sign_ins: Sequence[SignIn]) -> bool:
    names = [one.user_name for one in sign_ins]
    found = select(func.count()).select_from(Member).where(Member.user_name.in_(names))
    return bool(names) and await connection.scalar(found) == len(names)


async def _sign_ins(
    connection: AsyncConnection, players: Sequence[cast.Player], known: Sequence[SignIn]
) -> tuple[SignIn, ...]:
    """Everybody with a password: just made, known from before, or, if that was lost, a new one."""
    kept = {one.user_name: one.password for one in known}
    found = []
    for player in players:
        part = player.part
        password = player.password or kept.get(part.user_name)
        if password is None:
            password = new_password()
            await connection.execute(
                update(Member)
                .where(Member.id == player.member_id)
                .values(password_hash=hash_made(password))
            )
        found.append(
            SignIn(
                part.country,
                part.key,
                part.name,
                part.user_name,
                password,
                player.agency_name,
                player.unit_name,
                part.seat.role.value,
            )
        )
    return tuple(found)
