"""Who of the unit is in charge: a supervisor gives a referral to a colleague, or to the whole unit.

Nothing leaves the unit: another unit takes a person over by accepting a hand-off, and only so.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from referral import errors
from referral.access.standing import Locked
from referral.audit import Done
from referral.audit.ledger import Ledger
from referral.casework.answers import Acted
from referral.casework.ground import referral_ground, refuse_there
from referral.casework.records import done
from referral.casework.said import Said
from referral.database import as_json
from referral.errors import Fault, Refusal
from referral.session import Actor, WriteSession

_MEANT: Final = """
SELECT jsonb_build_object(
    'held', (SELECT r.holder_member FROM referral.referral r WHERE r.id = $2),
    'seat', (SELECT jsonb_build_object('id', s.id, 'sealed_out', EXISTS (SELECT FROM referral.seal x
            WHERE x.case_id = $3 AND x.lifted_at IS NULL AND p.id <> ALL (x.named)),
        'kept_out', EXISTS (SELECT FROM referral.exclusion x WHERE x.case_id = $3
            AND x.lifted_at IS NULL AND x.excluded = p.id))
        FROM agencies.member p JOIN agencies.membership s ON s.member_id = p.id
        WHERE p.user_name = $1 AND s.unit_id = referral.my_unit()
            AND agencies.may_take_charge(s.id, s.unit_id, referral.my_moment())
        ORDER BY s.role, s.id LIMIT 1))
"""


async def reassign(
    session: WriteSession,
    actor: Actor,
    referral_id: UUID,
    user_name: str | None,
    said: Said,
    *,
    now: datetime,
) -> Acted | Refusal:
    """Put a colleague in charge by user name; None: the whole unit is."""
    held = await referral_ground(session, actor, referral_id, "reassign", said, now)
    if isinstance(held, Refusal):
        return held
    locked = held.locked
    meant = await as_json(session.connection, _MEANT, user_name, locked.referral_id, locked.case_id)
    refused = _refused(locked, user_name, meant)
    if refused is not None:
        return await refuse_there(session, actor, locked, "reassign", refused, now)
    before, after = meant["held"], meant["seat"]["id"] if user_name else None
    ledger = Ledger(locked.case_id, now, why=held.why)
    ledger.add("reassignments", id=str(referral_id), member=after)
    reason = said.reason or said.note
    ledger.log(Done.REASSIGNED, "referral", referral_id, from_=before, to=after, reason=reason)
    for seat in (before, after):
        if seat is not None:
            told = Done.REASSIGNED.value
            ledger.tell(told, locked.holder_unit, locked.referral["custody"], member=seat)
    if after is None:
        ledger.tell(Done.REASSIGNED.value, locked.holder_unit, locked.referral["custody"])
    return await done(session, actor, held, ledger)


def _refused(locked: Locked, user_name: str | None, meant: Any) -> Refusal | None:
    """Why not: closed, nobody of this unit, nobody who may know, or no change."""
    if locked.referral["state"] != "open":
        explanation = "The referral is closed: nobody is in charge of it any more."
        return errors.not_allowed_now("closed", "reassign", [], explanation)
    seat = meant["seat"]
    if user_name is not None and seat is None:
        return _wrong(
            "unknown",
            "Nobody of your unit who works on cases has this user name. Another unit takes the "
            "person over by accepting a hand-off.",
        )
    if user_name is not None and (seat["kept_out"] or seat["sealed_out"]):
        return _wrong("may-not-know", "She may not know of this case: see who may know of it.")
    if meant["held"] == (seat["id"] if user_name is not None else None):
        return _wrong("same", "This is how it is already.")
    return None


def _wrong(code: str, message: str) -> Refusal:
    return errors.invalid_input([Fault("/user_name", code, message)])
