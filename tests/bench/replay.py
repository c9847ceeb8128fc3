"""pgbench replaying an act's own captured statements, as the app role with row security.

The statements of each act are captured with their values in a transaction that is rolled back; they
are kept in a table, one row per act, and pgbench sends them once each, prepared, in a transaction.
What the database alone can do is the yardstick for what the service does.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import event

from referral.embedded.binaries import binaries_for
from referral.entry import Installation
from tests.bench.stand import Stand

Captured = list[tuple[str, tuple[Any, ...]]]

_TYPES: dict[type, str] = {
    bytes: "bytea",
    bool: "boolean",
    int: "bigint",
    datetime: "timestamptz",
    date: "date",
    UUID: "uuid",
    str: "text",
}


@dataclass(frozen=True, slots=True)
class Replayed:
    """What pgbench reached: transactions per second."""

    rate: float
    transactions: int
    statements: int


async def capture(installation: Installation, act: Callable[[Any], Awaitable[None]]) -> Captured:
    """Statements and values of one act, which is then rolled back.

    ``act`` is given an open connection in a transaction.
    """
    seen: Captured = []

    def remember(_c: Any, _cur: Any, statement: str, values: Any, *_: Any) -> None:
        seen.append((statement, tuple(values or ())))

    engine = installation.engine
    event.listen(engine.sync_engine, "before_cursor_execute", remember)
    try:
        async with engine.connect() as connection:
            transaction = await connection.begin()
            await act(connection)
            await transaction.rollback()
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", remember)
    return seen


async def keep(stand: Stand, name: str, acts: list[Captured]) -> list[str]:
    """Keep the values in a table of their own; gives the script's statements."""
    first = acts[0]
    columns, script = [], ["BEGIN;"]
    for number, (statement, values) in enumerate(first):
        kinds = [_kind([act[number][1][place] for act in acts]) for place in range(len(values))]
        columns += [f"s{number}_{place} {kind}" for place, kind in enumerate(kinds)]
        asked = re.sub(r"\$(\d+)", partial(_column, number), statement)
        joined = _with_table(asked, f"bench.{name}")
        script.append(f"{joined};")
    script.append("COMMIT;")
    url = stand.database.superuser_url.rsplit("/", 1)[0] + "/referral"
    connection = await asyncpg.connect(url)
    await connection.execute(
        "CREATE SCHEMA IF NOT EXISTS bench; GRANT USAGE ON SCHEMA bench TO referral_app;"
        f"CREATE TABLE bench.{name} (n bigint PRIMARY KEY, {', '.join(columns)});"
        f"GRANT SELECT ON bench.{name} TO referral_app"
    )
    rows = [
        (number, *(value for _, values in act for value in values))
        for number, act in enumerate(acts)
    ]
    await connection.copy_records_to_table(name, records=rows, schema_name="bench")
    await connection.execute(f"ANALYZE bench.{name}")
    await connection.close()
    return script


def _column(number: int, found: re.Match[str]) -> str:
    return f"c.s{number}_{int(found[1]) - 1}"


def _with_table(statement: str, table: str) -> str:
    if "c.s" not in statement:
        return statement
    where = f"FROM {table} c WHERE c.n = :n"
    if re.search(r"\bFROM\b", statement) is None:
        return f"{statement} {where}"
    return f"SELECT x.* FROM {table} c, LATERAL ({statement}) x WHERE c.n = :n"


def _kind(values: list[Any]) -> str:
    for value in values:
        if value is not None:
            return "text[]" if isinstance(value, list) else _TYPES[type(value)]
    return "text"


def pgbench(
    stand: Stand, script: list[str], *, clients: int, each: int, start: int = 0
) -> Replayed:
    """Run the script once per kept act: ``clients`` times ``each``, from row ``start`` on."""
    lines = [r"\set i :i + 1", f"\\set n {start} + :client_id * {each} + :i - 1", *script]
    file = stand.folder / "replay.sql"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    programs = binaries_for(None)
    done = subprocess.run(
        [
            str(Path(programs) / "pgbench"),
            *("-n", "-M", "prepared", "-D", "i=0", "-c", str(clients), "-j", "2"),
            *("-t", str(each), "-f", str(file), stand.database.url("app")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode or found is None or "failed transactions: 0 " not in done.stdout:
        message = f"pgbench did not replay: {done.stdout[-500:]} {done.stderr[-1500:]}"
        raise RuntimeError(message)
    return Replayed(float(found[1]), clients * each, len(script) - 2)
