"""Time itself: a clock's next rung fires. Raises flags and asks others; never moves a state."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from protocols import engine
from protocols.decision import Refused
from referral.access.standing import Locked, moment
from referral.audit.ledger import Ledger, post
from referral.casework import carrying
from referral.casework.recipients import subject_of
from referral.casework.run import facts_of, protocol_of, run_of
from referral.database import as_json
from referral.session import WriteSession, keys_of


async def lapse(session: WriteSession, clock_id: UUID, *, now: datetime) -> datetime | None:
    """Fire the next rung of one clock.

    1. Claim: lock the case without waiting; nothing is returned unless the rung is still due.
    2. Decide: what the ladder says at this rung.
    3. Carry out, with ``occurred_at`` = the moment it was *due*, not when it was noticed.

    Returns the rung's moment, or None when somebody else was first.
    """
    row = await as_json(session.connection, "SELECT referral.claim_clock($1, $2)", clock_id, now)
    if row is None:
        return None
    locked = Locked.from_row(row, None)
    clock = next(one for one in locked.clocks if one["id"] == str(clock_id))
    due = moment(clock["rungs"][clock["rung"]]["at"])
    keys = keys_of(session, locked.keys)
    run = run_of(locked, facts_of(locked, keys))
    decision = engine.lapse(protocol_of(session, locked), run, str(clock_id), due)
    if isinstance(decision, Refused):
        message = f"clock {clock_id} cannot lapse: {decision.explanation}"
        raise RuntimeError(message)  # noqa: TRY004 - a fault of the run, not of a type
    ledger = Ledger(locked.case_id, now, why="clock")
    subject = subject_of(locked, None)
    await carrying.carry(session, ledger, [(subject, decision)], happened=due)
    if ledger.drafts:
        await post(session, ledger, actor=None, head=locked.head, key=keys[locked.case_id])
    return due
