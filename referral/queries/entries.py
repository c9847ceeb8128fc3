"""The log as an auditor browses it: headers and where they stand in the tree, never a body."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, text

from referral import access, errors
from referral.audit.proof import leaf_hash
from referral.audit.receipts import Placed, as_text, placed
from referral.audit.standing import Standing, standing
from referral.errors import Fault, Refusal
from referral.session import Actor, ReadSession

MOST = 200


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One header, its fields as they were told. ``agency``: its name, unless it is confidential."""

    id: UUID
    at: datetime
    act: str
    actor: str
    agency_id: UUID | None
    agency: str | None
    object_type: str
    object_id: UUID | None
    header: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EntryPage:
    """The newest first. ``after`` leads on: what is older."""

    lines: tuple[EntryLine, ...]
    after: UUID | None


@dataclass(frozen=True, slots=True)
class EntrySeen:
    """One entry with the proof that it is in the log; ``index`` None while it waits."""

    line: EntryLine
    text: str  # the header's very bytes
    leaf: str
    place: Placed | None
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WitnessLine:
    """Who countersigns, since when, and when something of hers last came."""

    name: str
    agency: str | None
    independent: bool
    enrolled_at: datetime
    last_at: datetime | None
    last_size: int | None


@dataclass(frozen=True, slots=True)
class LogSeen:
    """How the log stands, and who watches it."""

    standing: Standing
    witnesses: tuple[WitnessLine, ...]


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for; None: all. ``agency`` by its key, moments half open."""

    actor: str | None = None
    agency: str | None = None
    act: str | None = None
    since: datetime | None = None
    until: datetime | None = None


_LINE = """
SELECT e.id, e.at, e.act, e.actor, e.agency_id, e.object_type, e.object_id, e.header,
    CASE WHEN a.confidential THEN NULL ELSE a.name END AS agency
FROM referral.audit_entry e LEFT JOIN agencies.agency a ON a.id = e.agency_id
WHERE e.country = (SELECT referral.my_country())
"""
_CONDITIONS = {
    "actor": "e.actor = :actor",
    "agency": "e.agency_id = (SELECT x.id FROM agencies.agency x WHERE x.key = :agency AND NOT x.confidential AND x.country = (SELECT referral.my_country()))",
    "act": "e.act = :act",
    "since": "e.at >= :since",
    "until": "e.at < :until",
    "after": "e.id < :after",
}
_WITNESSES = text("""
SELECT w.name, a.name AS agency, w.independent, w.enrolled_at, k.kept_at AS last_at, k.size AS last_size
FROM log.witness w LEFT JOIN agencies.agency a ON a.id = w.agency_id LEFT JOIN LATERAL (
    SELECT c.kept_at, c.size FROM log.cosignature c WHERE c.witness = w.name ORDER BY c.epoch DESC, c.size DESC LIMIT 1) k ON true
WHERE w.ended_at IS NULL ORDER BY w.name
""")


async def entries_in(
    session: ReadSession,
    actor: Actor,
    sought: Sought,
    *,
    after: UUID | None = None,
    limit: int = 50,
    now: datetime,
) -> EntryPage | Refusal:
    """Headers of the own country, the newest first, to whoever may read the log."""
    refused = access.by_role(actor, "read_log", None, now)
    if refused is not None:
        return refused
    values: dict[str, Any] = {"after": after}
    values |= {name: getattr(sought, name) for name in _CONDITIONS if name != "after"}
    used = {name: value for name, value in values.items() if value is not None}
    conditions = "".join(f" AND {_CONDITIONS[name]}" for name in used)
    asking = text(f"{_LINE}{conditions} ORDER BY e.id DESC LIMIT :limit")
    found = await session.connection.execute(asking, {**used, "limit": limit + 1})
    lines = [_line(row) for row in found.mappings()]
    more = lines[limit - 1].id if len(lines) > limit else None
    return EntryPage(tuple(lines[:limit]), more)


async def entry_seen(
    session: ReadSession, actor: Actor, entry_id: UUID, *, quorum: int, now: datetime
) -> EntrySeen | Refusal:
    """One header, and the proof that it is in the log."""
    refused = access.by_role(actor, "read_log", None, now)
    if refused is not None:
        return refused
    found = await session.connection.execute(text(f"{_LINE} AND e.id = :id"), {"id": entry_id})
    row = found.mappings().one_or_none()
    if row is None:
        return errors.not_found()
    place = await placed(session.connection, entry_id, quorum)
    return EntrySeen(
        line=_line(row),
        text=row["header"],
        leaf=base64.b64encode(leaf_hash(row["header"].encode())).decode(),
        place=place,
        path=() if place is None else tuple(as_text(place.path)),
    )


async def log_seen(
    session: ReadSession, actor: Actor, *, quorum: int, now: datetime
) -> LogSeen | Refusal:
    """How far the log is grown, signed and countersigned, and what is wrong with it."""
    refused = access.by_role(actor, "read_log", None, now)
    if refused is not None:
        return refused
    rows = (await session.connection.execute(_WITNESSES)).mappings()
    return LogSeen(
        await standing(session.connection, quorum), tuple(WitnessLine(**row) for row in rows)
    )


async def agencies_acting(session: ReadSession) -> tuple[tuple[str, str], ...]:
    """Key and name of the country's agencies that have a name here."""
    rows = await session.connection.execute(
        text(
            "SELECT a.key, a.name FROM agencies.agency a WHERE NOT a.confidential "
            "AND a.country = (SELECT referral.my_country()) ORDER BY a.name"
        )
    )
    return tuple((row.key, row.name) for row in rows)


def cursor_of(text_: str | None) -> UUID | Refusal | None:
    """Where a page goes on, as it was handed out."""
    if not text_:
        return None
    try:
        return UUID(text_)
    except ValueError:
        told = "This is no place of ours: take the address of the next page as it is given."
        return errors.invalid_input([Fault("/after", "unreadable", told)])


def _line(row: RowMapping) -> EntryLine:
    names = ("id", "at", "act", "actor", "agency_id", "agency", "object_type", "object_id")
    return EntryLine(**{name: row[name] for name in names}, header=orjson.loads(row["header"]))
