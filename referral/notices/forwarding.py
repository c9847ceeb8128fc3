"""From the outbox to deliveries: for every notice everybody it reaches, in one transaction.

The act wrote what happened; this looks afterwards whom to tell. It takes rows only once every
transaction before theirs is over, so that none is passed by. It must never know what a notice is
about, nor send anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from referral.database import as_json, scalar
from referral.notices.channels import FOR_SYSTEMS, IN_APP, MAIL, PEOPLE, Channel, Notice, Planned
from referral.notices.when import due_for
from referral.notices.whom import Seat, told_of

BATCH: Final = 100

# Where something waits that nobody can still be writing before: the country of the earliest.
_NEXT: Final = """
SELECT country FROM referral.outbox
WHERE told_at IS NULL AND xid < pg_snapshot_xmin(pg_current_snapshot())
    AND country <> ALL ($1::text[])
ORDER BY xid, id LIMIT 1
"""


async def waits_in(connection: AsyncConnection, passed: Sequence[str]) -> str | None:
    """The country whose notices wait longest; None when nothing waits."""
    found: str | None = await scalar(connection, _NEXT, list(passed))
    return found


async def forward(
    connection: AsyncConnection, country: str, channels: Sequence[Channel], now: datetime
) -> int:
    """Forward up to ``BATCH`` notices of a country; returns how many. Commits nothing itself."""
    await scalar(connection, "SELECT referral.begin_worker($1)", country)
    claimed = await as_json(connection, "SELECT referral.claim_notices($1, $2)", now, BATCH)
    if not claimed["notices"]:
        return 0
    mailing = any(channel.name == MAIL for channel in channels)
    notices = [Notice.of(row) for row in claimed["notices"]]
    seats = [Seat.of(row) for row in claimed["seats"]]
    planned: list[Planned] = []
    for notice, row in zip(notices, claimed["notices"], strict=True):
        if notice.kind not in FOR_SYSTEMS:
            planned += people_told(notice, row, seats, now, mailing=mailing)
    for channel in channels:
        planned += await channel.plan(connection, notices, now)
    decided = {
        "deliveries": [_delivery(one) for one in planned],
        "notices": _reaches(notices, planned, mailing=mailing),
    }
    told = orjson.dumps(decided).decode()
    await scalar(connection, "SELECT referral.post_notices($1::jsonb, $2)", told, now)
    return len(notices)


def people_told(
    notice: Notice, row: Mapping[str, Any], seats: Sequence[Seat], now: datetime, *, mailing: bool
) -> list[Planned]:
    """Everybody's own deliveries: shown here at once, and mailed when she wants it."""
    planned: list[Planned] = []
    people = told_of(
        notice,
        seats,
        in_charge=frozenset(UUID(one) for one in row["in_charge"]),
        kept_out=frozenset(UUID(one) for one in row["kept_out"]),
    )
    for seat in people:
        planned.append(Planned(notice.id, IN_APP, seat.seat, now))
        if mailing:
            due = due_for(seat, now, danger=notice.danger)
            cause = None if seat.address else "no_address"
            # Together: a thousand persons handed over at once are one mail.
            planned.append(Planned(notice.id, MAIL, seat.seat, due, together=True, cause=cause))
    return planned


def _reaches(
    notices: Sequence[Notice], planned: Sequence[Planned], *, mailing: bool
) -> list[dict[str, Any]]:
    """What is known of each notice already: nobody is there, nobody can be reached, or it waits.

    Without a mail server the list in the service is all there is, and reaches who is there.
    """
    by_notice: dict[UUID, list[Planned]] = defaultdict(list)
    for one in planned:
        if one.channel in PEOPLE:
            by_notice[one.notice].append(one)
    return [
        {"id": notice.id, **_reach(by_notice[notice.id], mailing=mailing)}
        if notice.kind not in FOR_SYSTEMS
        else {"id": notice.id, "reach": "reached", "cause": None}
        for notice in notices
    ]


def _reach(planned: Sequence[Planned], *, mailing: bool) -> dict[str, str | None]:
    if not planned:
        return {"reach": "unreached", "cause": "nobody_there"}
    outward = [one for one in planned if one.channel != IN_APP]
    if any(one.cause is None for one in outward):
        return {"reach": "waiting", "cause": None}
    if outward or mailing:
        return {"reach": "unreached", "cause": "no_address"}
    return {"reach": "reached", "cause": None}


def _delivery(one: Planned) -> dict[str, Any]:
    state = "told" if one.channel == IN_APP else "failed" if one.cause else "waiting"
    return {**one._asdict(), "state": state}
