"""What somebody was told, and of whom it is known that she could not be told.

Every answer comes from a function that knows the caller from the transaction; no table is read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from referral.access import by_role
from referral.database import as_json
from referral.errors import Fault, Refusal, invalid_input
from referral.notices.wording import number_of
from referral.queries.inbox import refused_by_role
from referral.session import Actor, ReadSession

PAGE: Final = 200
MOST_UNREACHED: Final = 200
_LAST: Final = UUID("ffffffff-ffff-ffff-ffff-ffffffffffff")
_NAMES: Final = "SELECT member_id, name FROM agencies.actor WHERE member_id = ANY ($1::uuid[])"


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """One thing she was told. ``ids``: several, where many persons were handed over at once.

    ``hand_off_id`` only while it is open to her. ``number``: as in her mail. ``mail``: how that
    stands (waiting, queued, told, failed, dropped), None when none was sent.
    """

    ids: tuple[UUID, ...]
    kind: str
    occurred_at: datetime
    read: bool
    danger: bool
    by_role: str | None
    hand_off_id: UUID | None
    case_id: UUID | None  # of a case she may open
    number: str | None
    mail: str | None


@dataclass(frozen=True, slots=True)
class NoticePage:
    """The newest first; ``after`` leads to the older ones."""

    lines: tuple[NoticeLine, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Preference:
    """How she wants to be told. Hours 0-23 of her unit's zone; the defaults until she says."""

    address: str | None = None
    language: str | None = None
    mode: str = "each"
    digest_hour: int = 8
    quiet_from: int | None = None
    quiet_until: int | None = None
    refused_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Untold:
    """A notice that reached nobody. ``whose``: agency and unit, where they may be named.

    ``mine``: it was for the reader's own unit.
    """

    kind: str
    cause: str
    occurred_at: datetime
    by_role: str | None = None
    whose: str | None = None
    mine: bool = False


@dataclass(frozen=True, slots=True)
class Unaddressed:
    """Somebody whom no mail reaches: no address is known, or it ``refused``."""

    name: str
    refused: bool


@dataclass(frozen=True, slots=True)
class Unreached:
    """What of that kind the reader answers for. ``more``: older ones are left out."""

    notices: tuple[Untold, ...]
    people: tuple[Unaddressed, ...]
    more: bool


async def notices_of(session: ReadSession, *, after: str | None = None) -> NoticePage | Refusal:
    """Her own list, in this seat."""
    since, last = "infinity", _LAST
    if after is not None:
        told, _, identity = after.partition("_")
        try:
            since, last = datetime.fromisoformat(told).isoformat(), UUID(identity)
        except ValueError:
            message = (
                "This leads to no page of the list. Begin at the first page and follow its link."
            )
            return invalid_input([Fault("/after", "unknown", message)])
    rows = await as_json(
        session.connection,
        "SELECT referral.my_notices($1::text::timestamptz, $2, $3)",
        *(since, last, PAGE + 1),
    )
    more = f"{rows[PAGE - 1]['since']}_{rows[PAGE - 1]['id']}" if len(rows) > PAGE else None
    return NoticePage(tuple(_together(map(_line, rows[:PAGE]))), more)


def _line(row: Mapping[str, Any]) -> NoticeLine:
    return NoticeLine(
        ids=(UUID(row["id"]),),
        kind=row["kind"],
        occurred_at=datetime.fromisoformat(row["occurred_at"]),
        read=row["read_at"] is not None,
        danger=row["danger"],
        by_role=row["by_role"],
        hand_off_id=UUID(row["hand_off_id"]) if row["hand_off_id"] else None,
        case_id=UUID(row["case_id"]) if row["case_id"] else None,
        number=number_of(UUID(row["letter"])) if row["letter"] else None,
        mail=row["mail"],
    )


def _together(lines: Iterable[NoticeLine]) -> Iterator[NoticeLine]:
    """What happened at one moment and is of one kind is one line; it leads to the first of them."""

    def alike(line: NoticeLine) -> tuple[Any, ...]:
        return line.kind, line.occurred_at, line.read, line.danger, line.by_role

    for _, group in groupby(lines, alike):
        found = tuple(group)
        yield replace(found[0], ids=tuple(one.ids[0] for one in found))


async def preference_of(session: ReadSession) -> Preference:
    """As it stands."""
    row = await as_json(session.connection, "SELECT referral.my_preference()")
    if row is None:
        return Preference()
    refused = row["refused_at"]
    names = set(Preference.__slots__) - {"refused_at"}
    return Preference(
        **{name: row[name] for name in names},
        refused_at=datetime.fromisoformat(refused) if refused else None,
    )


async def unreached_in(session: ReadSession, actor: Actor, *, now: datetime) -> Unreached | Refusal:
    """Of her unit, her agency or her country, by her role; of the last 30 days."""
    refused = await refused_by_role(session, actor, "see_unreached", now)
    if refused is not None:
        return refused
    rows = await as_json(session.connection, "SELECT referral.unreached_in($1)", now)
    people = await as_json(session.connection, "SELECT referral.without_address($1)", now)
    by_id = {row["member_id"]: row["refused"] for row in people}
    named = await session.connection.exec_driver_sql(_NAMES, ([UUID(one) for one in by_id],))
    names = {row.member_id: row.name for row in named}
    return Unreached(
        tuple(_untold(row) for row in rows[:MOST_UNREACHED]),
        tuple(
            sorted(
                (Unaddressed(name, by_id[str(found)]) for found, name in names.items()),
                key=lambda one: one.name,
            )
        ),
        more=len(rows) > MOST_UNREACHED,
    )


async def unreached_of(session: ReadSession, hand_off_id: UUID) -> tuple[Untold, ...]:
    """Of this hand-off, to its two parties; nothing to anybody else."""
    rows = await as_json(session.connection, "SELECT referral.unreached_of($1)", hand_off_id)
    return tuple(_untold(row) for row in rows)


def _untold(row: Mapping[str, Any]) -> Untold:
    return Untold(
        kind=row["kind"],
        cause=row["cause"],
        occurred_at=datetime.fromisoformat(row["occurred_at"]),
        by_role=row.get("by_role"),
        whose=row.get("whose"),
        mine=row.get("mine", False),
    )


def sees_unreached(actor: Actor) -> bool:
    """Whether her role looks after who was not reached."""
    return by_role(actor, "see_unreached") is None
