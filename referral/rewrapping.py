"""Data keys wrapped anew under the newest root key, a batch at a time, while the service runs.

After it an older root key opens nothing that is here any more; it is still needed for backups made
before. Safe to break off and to repeat. It must never know what the keys seal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg

from protocols.catalogue import Catalogue
from referral.addresses import plain
from referral.audit import OPERATOR, Done
from referral.audit.streams import log_system
from referral.database import make_engine
from referral.session import ReadSession
from referral.vault import Vault, Wrapped

_BATCH: Final = 1000
_NUMBER: Final = "('x' || encode(substring(wrapped FROM 1 FOR 4), 'hex'))::bit(32)::bigint"
_NEXT: Final = (
    "SELECT subject, kind, version, wrapped FROM vault.data_key "
    "WHERE substring(wrapped FROM 1 FOR 4) <> $1 ORDER BY subject LIMIT $2"
)
# Only if nobody was there before: a key destroyed or wrapped anew meanwhile stays as it is.
_CHANGE: Final = "UPDATE vault.data_key SET wrapped = $3 WHERE subject = $1 AND wrapped = $2"


@dataclass(frozen=True, slots=True)
class Under:
    """How many data keys each root key wraps."""

    counts: dict[int, int]


async def under(url: str) -> Under:
    """Counts, as ``referral_migrator``."""
    connection = await asyncpg.connect(plain(url))
    try:
        rows = await connection.fetch(
            f"SELECT {_NUMBER} AS root, count(*) AS n FROM vault.data_key GROUP BY 1 ORDER BY 1"  # noqa: S608
        )
    finally:
        await connection.close()
    return Under({row["root"]: row["n"] for row in rows})


async def rewrap(url: str, vault: Vault, tell: Callable[[int], None]) -> Under:
    """All data keys under the newest root key; ``tell`` is told after each batch how many were.

    Raises SealBrokenError at the first key that does not open: nothing of its batch was changed.
    """
    connection = await asyncpg.connect(plain(url))
    done: Counter[int] = Counter()
    try:
        while rows := await connection.fetch(_NEXT, vault.newest.to_bytes(4), _BATCH):
            changed = [_changed(vault, row) for row in rows]
            async with connection.transaction():
                await connection.executemany(_CHANGE, changed)
            done.update(int.from_bytes(row["wrapped"][:4]) for row in rows)
            tell(done.total())
    finally:
        await connection.close()
    return Under(dict(done))


async def told(url: str, vault: Vault, act: Done, *, now: datetime, **counts: Any) -> None:
    """What was done to root keys, in the system's stream of every country, as the operator.

    The number of the newest root key stands in the header; of a key nothing is ever told.
    """
    engine = make_engine(url, pool_size=1)
    try:
        async with engine.begin() as connection:
            session = ReadSession(connection, vault, Catalogue({}), "operator")
            asking = "SELECT DISTINCT country FROM agencies.unit ORDER BY 1"
            for (country,) in (await connection.exec_driver_sql(asking)).all():
                begin = "SELECT referral.begin_operator($1)"
                await connection.exec_driver_sql(begin, (country,))
                await log_system(
                    session,
                    act,
                    by=OPERATOR,
                    about=("root_key", None),
                    now=now,
                    why="operator",
                    to=str(vault.newest),
                    **counts,
                )
    finally:
        await engine.dispose()


def _changed(vault: Vault, row: Any) -> tuple[Any, bytes, bytes]:
    old = Wrapped(row["subject"], row["kind"], row["version"], row["wrapped"])
    return row["subject"], old.wrapped, vault.rewrap(old).wrapped
