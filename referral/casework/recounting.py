"""Running limits counted again after a change of a calendar: by the clockwork, as time itself.

What was is kept beside what is; each limit whose end moved has its entry, and who works on it and
who waits for it are told. Limits that stand still are counted when they go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from protocols.decision import ClockState, RunningClock
from protocols.recounting import Recounted, recounted
from referral.access.standing import Locked
from referral.audit import CLOCKWORK, Done, Head, append
from referral.audit.ledger import Ledger
from referral.casework import clocks
from referral.casework.clockwork import Together
from referral.casework.run import clock_of, protocol_of
from referral.database import decoded
from referral.session import WriteSession, keys_of


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of some referrals: how many were looked at, limits moved, and what went wrong."""

    looked: int
    moved: int
    faults: tuple[tuple[UUID, Exception], ...] = ()


async def recount(
    session: WriteSession, change_id: UUID, referrals: Sequence[UUID], *, now: datetime
) -> Looked:
    """Count the running limits of these referrals again, by the calendars the session has.

    A referral whose case is locked is not looked at; one that cannot be counted is left as it is
    and named. Counted twice, nothing moves the second time.
    """
    rows = await session.connection.exec_driver_sql(
        "SELECT referral.claim_limits($1, $2)", (list(referrals), now)
    )
    found = [Locked.from_row(decoded(row), None) for row in rows.scalars()]
    together, heads = Together(), dict[UUID, Head]()
    faults: list[tuple[UUID, Exception]] = []
    moved = 0
    for locked in found:
        try:
            ledger = _counted(session, locked, change_id, now)
            key = keys_of(session, locked.keys)[locked.case_id]
        except Exception as fault:  # noqa: BLE001 - it may be anything; whoever asked reports it
            faults.append((locked.referral_id, fault))
            continue
        moved += len(ledger.drafts)
        if ledger.drafts:
            head = heads.get(locked.case_id, locked.head)
            entries, head = append(head, key, ledger.drafts, author=CLOCKWORK, at=now)
            heads[locked.case_id] = head
            together.add(ledger, entries)
    await together.send(session, "recount_limits")
    return Looked(len(found), moved, tuple(faults))


def _counted(session: WriteSession, locked: Locked, change_id: UUID, now: datetime) -> Ledger:
    """What moves of one referral; an empty ledger when nothing does."""
    ledger = Ledger(locked.case_id, now, why="calendar")
    protocol, place = protocol_of(session, locked), locked.case["place"]
    hand_offs = {row["id"]: row for row in locked.hand_offs}
    for row in locked.clocks:
        if row["state"] != ClockState.RUNNING:
            continue
        running, hand_off = clock_of(row), hand_offs.get(row["hand_off"])
        found = recounted(protocol, running, place, hand_off["mandate"] if hand_off else None)
        if found is not None:
            _keep(ledger, change_id, running, found)
            _tell(ledger, locked, running, hand_off, found)
    return ledger


def _keep(ledger: Ledger, change_id: UUID, running: RunningClock, found: Recounted) -> None:
    rungs = clocks.stored(found.rungs)
    ledger.add(
        "recounts",
        id=running.id,
        change=str(change_id),
        at=ledger.at.isoformat(),
        due_at=found.due.moment.isoformat(),
        rungs=rungs,
        next_at=rungs[running.rung]["at"] if running.rung < len(rungs) else None,
        derivation=list(found.due.derivation),
        calendar=found.due.calendar,
    )


def _tell(
    ledger: Ledger, locked: Locked, running: RunningClock, hand_off: Any, found: Recounted
) -> None:
    said: dict[str, Any] = {
        "clock": running.clock,
        "before": running.due_at.isoformat(),
        "after": found.due.moment.isoformat(),
    }
    if hand_off is None:
        act = Done.REFERRAL_LIMIT_RECOUNTED
        ledger.touch_referral(act, locked.referral_id, ledger.at, **said)
        ledger.tell(act.value, locked.holder_unit, None)
        return
    act = Done.LIMIT_RECOUNTED
    ledger.mark(hand_off["id"])
    ledger.log(act, "hand_off", hand_off["id"], to=hand_off["state"], **said)
    for side in dict.fromkeys((hand_off["receiver_unit"], hand_off["sender_unit"])):
        ledger.tell(act.value, side, hand_off["id"])
