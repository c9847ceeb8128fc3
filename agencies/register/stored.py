"""Rows compared with what is stored, written only where they differ, and counted.

What this file must never know: what the rows mean.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import insert, inspect, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from agencies.models import Directory
from agencies.register.entries import Problem


@dataclass(slots=True)
class Count:
    """What became of the rows of one kind."""

    added: int = 0
    changed: int = 0
    ended: int = 0
    unchanged: int = 0


@dataclass(slots=True)
class Entered:
    """What an import did. ``absent``: stored agencies a complete file lacks; left as they are."""

    places: Count = field(default_factory=Count)
    agencies: Count = field(default_factory=Count)
    units: Count = field(default_factory=Count)
    mandates: Count = field(default_factory=Count)
    absent: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def changed_nothing(self) -> bool:
        """Whether the directory is as it was."""
        kinds = [getattr(self, f.name) for f in fields(self)]
        return not any(k.added or k.changed or k.ended for k in kinds if isinstance(k, Count))


async def upsert(
    connection: AsyncConnection,
    table: type[Directory],
    rows: list[dict[str, Any]],
    count: Count,
    keep: frozenset[str] = frozenset(),
) -> None:
    """Insert what is new, update what differs, by primary key; ``keep``: columns left alone."""
    (key,) = (column.name for column in inspect(table).primary_key)
    given = [row[key] for row in rows]
    found = await connection.execute(select(table.__table__).where(_column(table, key).in_(given)))
    stored = {row._mapping[key]: dict(row._mapping) for row in found}  # noqa: SLF001 (a Row's public face)
    new = [row for row in rows if row[key] not in stored]
    kept = [
        {**row, **{name: stored[row[key]][name] for name in keep}}
        for row in rows
        if row[key] in stored
    ]
    changed = [row for row in kept if stored[row[key]] != row]
    if new:
        await connection.execute(insert(table), new)
    for row in changed:
        await connection.execute(update(table).where(_column(table, key) == row[key]).values(row))
    count.added += len(new)
    count.changed += len(changed)
    count.unchanged += len(kept) - len(changed)


def _column(table: type[Directory], name: str) -> InstrumentedAttribute[Any]:
    column: InstrumentedAttribute[Any] = getattr(table, name)
    return column
