"""Limits as they are seen: those of a hand-off, and those of the holder's own that hang on none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from referral.database import decoded
from referral.session import ReadSession


@dataclass(frozen=True, slots=True)
class LimitBefore:
    """When a limit ended and why, until a change of the calendar; which change, and its source."""

    at: datetime
    due_at: datetime
    derivation: tuple[str, ...]
    name: str
    source: str


@dataclass(frozen=True, slots=True)
class ClockSeen:
    """A limit with its derivation, line by line, and where it comes from."""

    clock: str
    step: str
    starts_at: datetime
    due_at: datetime
    state: str
    extensions: int
    immediate: bool
    basis: str
    derivation: tuple[str, ...]
    calendar: str
    sources: tuple[str, ...]
    before: tuple[LimitBefore, ...] = ()


# A clock (k) as JSON, with what it was before calendars were changed.
CLOCK = """to_jsonb(k) || jsonb_build_object('before', (
    SELECT jsonb_agg(jsonb_build_object('at', x.at, 'due_at', x.due_before, 'derivation', x.derivation_before, 'name', g.name, 'source', g.source) ORDER BY x.at)
    FROM referral.clock_recount x JOIN referral.calendar_change g ON g.id = x.change_id WHERE x.clock_id = k.id))"""


def clock_seen(row: Mapping[str, Any]) -> ClockSeen:
    """From a row as JSON."""
    return ClockSeen(
        clock=row["clock"],
        step=row["step"],
        starts_at=datetime.fromisoformat(row["starts_at"]),
        due_at=datetime.fromisoformat(row["due_at"]),
        state=row["state"],
        extensions=row["extensions"],
        immediate=row["immediate"],
        basis=row["basis"],
        derivation=tuple(row["derivation"]),
        calendar=row["calendar"],
        sources=tuple(row["sources"]),
        before=tuple(_before(one) for one in row["before"] or ()),
    )


def _before(row: Mapping[str, Any]) -> LimitBefore:
    return LimitBefore(
        datetime.fromisoformat(row["at"]),
        datetime.fromisoformat(row["due_at"]),
        tuple(row["derivation"]),
        row["name"],
        row["source"],
    )


_OWN = text(f"""
SELECT k.referral_id, jsonb_agg({CLOCK} ORDER BY k.due_at, k.id) AS clocks
FROM referral.clock k WHERE k.referral_id = ANY (:referrals) AND k.hand_off_id IS NULL AND k.state <> 'stopped' GROUP BY 1
""")


async def own_clocks(
    session: ReadSession, referrals: Sequence[UUID]
) -> dict[UUID, tuple[ClockSeen, ...]]:
    """Limits of a referral that hang on no hand-off: the holder's own duties and reviews."""
    if not referrals:
        return {}
    rows = await session.connection.execute(_OWN, {"referrals": list(referrals)})
    return {row.referral_id: tuple(clock_seen(one) for one in decoded(row.clocks)) for row in rows}
