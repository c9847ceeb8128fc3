"""Everything that whoever has a whole database and these root keys can read in it.

Tables as a superuser sees them, in clear; and every sealed field, tried with every data key that
opens. Whoever steals a backup can do no more.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg

from referral import roles
from referral.embedded.binaries import binaries_for
from referral.vault import SealBrokenError, SubjectKey, Vault, Wrapped
from tests.cast import House
from tests.referral.locks.test_canaries import in_words

# Of a sealed field the row it is nailed to is one of these.
_ROWS = ("id", "case_id", "person_id", "hand_off_id", "attachment_id", "entry_id")
_TABLES = """
SELECT c.relname AS name FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'referral'::regnamespace
"""  # noqa: E501
PREFIX = b"cnry"  # of every mark


async def readable(url: str, vault: Vault) -> set[str]:
    """Marks that can be read in this database, in clear or with its keys under these root keys."""
    connection = await asyncpg.connect(url)
    try:
        keys = [
            key
            for row in await connection.fetch("SELECT * FROM vault.data_key")
            if (key := _opened(vault, row)) is not None
        ]
        found: set[str] = set()
        for table in await connection.fetch(_TABLES):
            for row in await connection.fetch(f"SELECT * FROM referral.{table['name']}"):
                found |= in_words(str(dict(row)))
                for clear in _unsealed(table["name"], row, keys):
                    found |= in_words(clear.decode("utf-8", errors="replace"))
        return found
    finally:
        await connection.close()


def _opened(vault: Vault, row: Any) -> SubjectKey | None:
    try:
        return vault.unwrap(Wrapped(row["subject"], row["kind"], row["version"], row["wrapped"]))
    except SealBrokenError:
        return None


def _unsealed(table: str, row: Mapping[str, Any], keys: list[SubjectKey]) -> Iterator[bytes]:
    places = {row[name] for name in _ROWS if isinstance(row.get(name), UUID)}
    for column, sealed in row.items():
        if not isinstance(sealed, bytes) or len(sealed) < 12:
            continue
        names = (column, row.get("copy") or column)
        for key, place, name in product(keys, places, names):
            try:
                yield key.open(sealed, room=table, column=name, row=place)
            except SealBrokenError:
                continue


def in_files(folder: Path) -> list[str]:
    """Files of a data folder, write-ahead log and all, in which a mark stands in clear or hex."""
    wanted = (PREFIX, PREFIX.hex().encode())
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any("pg_wal" in path.parts for path in files), "or what is searched is no data folder"
    return [str(path) for path in files if any(one in path.read_bytes() for one in wanted)]


def dumped(house: House, file: Path) -> Path:
    """An ordinary backup of the database, as an operator makes it."""
    _run("pg_dump", house.database.superuser_url, "--file", str(file))
    assert file.stat().st_size > 100_000
    return file


async def restored(house: House, file: Path, name: str) -> str:
    """That backup, played into a database of its own; its address."""
    await roles.create_database(house.database.cluster.superuser_url, name)
    url = house.database.superuser_url.replace(house.database.name, name)
    _run("psql", url, "--quiet", "--set", "ON_ERROR_STOP=1", "--file", str(file))
    return url


def _run(program: str, url: str, *words: str) -> None:
    at = urlsplit(url)
    tool = binaries_for(None) / program
    told = ["--host", str(at.hostname), "--port", str(at.port), "--username", str(at.username)]
    done = subprocess.run(
        [str(tool), *told, "--dbname", at.path[1:], *words],
        capture_output=True,
        check=False,
        text=True,
        env={**os.environ, "PGPASSWORD": str(at.password)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
