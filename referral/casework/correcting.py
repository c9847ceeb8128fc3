"""What was entered in error: two persons strike a referral out, and nothing is deleted.

It closes with a mark that stays in the log and in history. Its open hand-offs are taken back and
both sides of them are told; none of its hand-offs counts among response times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from referral import errors
from referral.access.standing import Locked
from referral.audit import Done
from referral.audit.ledger import Ledger
from referral.database import as_json
from referral.errors import Refusal
from referral.session import Actor, WriteSession

IN_ERROR: Final = "ENTERED_IN_ERROR"
# Under row security: whoever holds sees every hand-off of the case.
_OPEN: Final = """
SELECT coalesce(jsonb_agg(jsonb_build_object('id', h.id, 'state', h.state,
    'sides', jsonb_build_array(h.sender_unit, h.receiver_unit))
    ORDER BY h.requested_at, h.id), '[]')
FROM referral.hand_off h WHERE h.referral_id = ANY ($1::uuid[]) AND NOT h.imported
    AND h.state IN ('requested', 'received', 'accepted', 'in-progress', 'on-hold')
"""


def struck(locked: Locked) -> list[UUID] | Refusal:
    """What a proposal to strike out is about: this referral, while it is open."""
    if locked.referral["state"] == "open":
        return [locked.referral_id]
    explanation = "It is closed already, and stays in history as it is. Nothing was changed."
    return errors.not_allowed_now("closed", "void", [], explanation)


def still_stands(locked: Locked, asked: Mapping[str, Any]) -> Refusal | None:
    """At the approval: the referral is still open, and still held by the unit that asked."""
    if asked["act"] != "void":
        return None
    if str(locked.referral_id) not in asked["about"]:
        explanation = "Another unit has taken the person over since. Nothing was changed."
        return errors.not_allowed_now("moved", "approve", [], explanation)
    answer = struck(locked)
    return answer if isinstance(answer, Refusal) else None


async def strike(
    session: WriteSession, actor: Actor, ledger: Ledger, referrals: Sequence[str], mark: str
) -> None:
    """The entries and notices of it; what is done the database derives from the proposal."""
    which = [UUID(one) for one in referrals]
    taken_back: list[Any] = await as_json(session.connection, _OPEN, which)
    for row in taken_back:
        ledger.log(
            Done.HAND_OFF_CANCELLED,
            "hand_off",
            row["id"],
            from_=row["state"],
            to="cancelled",
            reason_code=mark,
        )
        for unit in {*row["sides"]} - {str(actor.unit_id)}:
            ledger.tell(Done.HAND_OFF_CANCELLED.value, unit, row["id"])
    for referral in which:
        marked = "entered-in-error" if mark == IN_ERROR else "closed"
        ledger.log(
            Done.REFERRAL_CLOSED, "referral", referral, from_="open", to=marked, outcome=mark
        )
