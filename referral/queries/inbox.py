"""The inbox and the out-box of a unit, page by page."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from referral import access, errors
from referral.audit import Done
from referral.audit.streams import log_own
from referral.errors import Fault, Refusal
from referral.queries.lines import LINE, OPEN, HandOffLine
from referral.session import Actor, ReadSession


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; ``after`` leads to the next one, if there is one."""

    lines: tuple[HandOffLine, ...]
    after: str | None


# Three hundred persons handed over at once are one line, as often as they stand differently.
_ALIKE = (
    "FROM referral.hand_off e WHERE e.batch = h.batch AND e.receiver_unit = h.receiver_unit "
    "AND e.state = h.state AND (e.overdue_since IS NULL) = (h.overdue_since IS NULL)"
)
_FIRST = (
    f"NOT EXISTS (SELECT {_ALIKE} AND (coalesce(e.due_at, 'infinity'), e.id) "
    "< (coalesce(h.due_at, 'infinity'), h.id))"
)
_TOGETHER = LINE.replace("\nFROM", f",\n    (SELECT count(*) {_ALIKE}) AS together\nFROM", 1)


async def inbox_of(
    session: ReadSession,
    actor: Actor,
    *,
    box: str = "in",
    state: str | None = None,
    overdue: bool | None = None,
    after: str | None = None,
    limit: int = 50,
    together: bool = False,
    now: datetime,
) -> Page | Refusal:
    """What was sent to (``in``) or by (``out``) the actor's unit.

    Without ``state`` the in-box shows what is open, most urgent limit first; the out-box everything,
    newest first. ``after`` is the cursor of the page before. ``together``: hand-offs of one batch
    that stand alike are one line, the one with the nearest limit.
    """
    refused = await refused_by_role(session, actor, "see_inbox", now)
    if refused is not None:
        return refused
    cursor = _cursor(after)
    if after is not None and cursor is None:
        message = "This leads to no page of the list. Begin at the first page; a program follows the Link header."
        return errors.invalid_input([Fault("/after", "unknown", message)])
    wanted = (state,) if state else OPEN
    received = box == "in"
    where = ["h.receiver_unit = :unit" if received else "h.sender_unit = :unit"]
    if received or state:
        where.append("h.state = ANY (:states)")
    if received:
        # The literal list lets the planner use the partial index of open hand-offs.
        where.append(
            "h.state IN ('requested','received','accepted','in-progress','on-hold') "
            "AND NOT h.imported"  # history is nobody's work
            if wanted == OPEN or wanted[0] in OPEN
            else "true"
        )
    if overdue is not None:
        late = "(h.overdue_since IS NOT NULL OR h.due_at < :now) AND NOT h.imported"
        where.append(late if overdue else f"NOT ({late}) IS NOT FALSE")
    if together:
        where.append(_FIRST)
    key = "coalesce(h.due_at, 'infinity')" if received else "h.requested_at"
    if cursor:
        sign = ">" if received else "<"
        where.append(
            f"({key}, h.id) {sign} (CAST(CAST(:at AS text) AS timestamptz), CAST(:id AS uuid))"
        )
    order = "" if received else " DESC"
    statement = text(
        f"{_TOGETHER if together else LINE} WHERE {' AND '.join(where)} ORDER BY {key}{order}, h.id{order} LIMIT :limit"
    )
    values = {
        "unit": actor.unit_id,
        "agency": actor.agency_id,
        "limit": limit + 1,
        "now": now,
        "states": list(wanted),
        **(cursor or {}),
    }
    used = {name: values[name] for name in values if f":{name}" in statement.text}
    rows = (await session.connection.execute(statement, used)).mappings().all()
    lines = tuple(HandOffLine.of(row) for row in rows[:limit])
    return Page(lines, _after(lines[-1], received=received) if len(rows) > limit else None)


async def refused_by_role(
    session: ReadSession, actor: Actor, action: str, now: datetime
) -> Refusal | None:
    """A question her role may not ask: refused, and in her own stream of the log."""
    refused = access.by_role(actor, action)
    if refused is not None:
        await log_own(session, actor, Done.REFUSED, now=now, tried=action, status=refused.status)
    return refused


def _after(line: HandOffLine, *, received: bool) -> str:
    moment = line.due_at if received else line.requested_at
    told = moment.isoformat() if moment else "infinity"
    return base64.urlsafe_b64encode(orjson.dumps([told, str(line.id)])).decode().rstrip("=")


def _cursor(after: str | None) -> dict[str, Any] | None:
    if after is None:
        return None
    try:
        told, identity = orjson.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
        if told != "infinity":
            datetime.fromisoformat(told)
        return {"at": told, "id": UUID(identity)}
    except (ValueError, TypeError, binascii.Error):
        return None
