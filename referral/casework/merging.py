"""One situation filed twice: the newer case becomes a pointer to the older one, decided by two.

1. The unit that asks holds the lead of both. What the older case has too (the same track of the
   same person) closes as merged; what only the newer has goes on under its own reference.
2. Nothing is deleted and nobody sees more than before: parties of one are no parties of the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from referral import errors
from referral.access.standing import Locked
from referral.audit import Done
from referral.audit.ledger import Ledger
from referral.casework import correcting
from referral.database import as_json
from referral.errors import Fault, Refusal
from referral.session import Actor, WriteSession

MERGED: Final = "MERGED"
# Under row security, and of those only whose lead the asking unit holds.
_OLDER: Final = """
SELECT jsonb_build_object('may', referral.may_point($2, o.id), 'id', o.id)
FROM referral.case o JOIN referral.referral l ON l.id = o.lead_referral
WHERE o.reference = $1 AND o.id <> $2 AND l.holder_unit = referral.my_unit()
"""


async def older_of(session: WriteSession, locked: Locked, reference: str) -> list[UUID] | Refusal:
    """What a proposal to merge is about: the older case, by its reference."""
    found = await as_json(session.connection, _OLDER, reference.strip().upper(), locked.case_id)
    if found is None:
        message = "Your unit holds the lead of no other case with this reference."
        return errors.invalid_input([Fault("/older", "unknown", message)])
    if found["may"]:
        return [UUID(found["id"])]
    explanation = (
        "The newer of two cases is merged into the older one, once, and by the unit that holds the "
        "lead of both. Ask on the page of the newer one. Nothing was changed."
    )
    return errors.not_allowed_now("not the newer one", "merge", [], explanation)


async def still_stands(
    session: WriteSession, locked: Locked, asked: Mapping[str, Any]
) -> Refusal | None:
    """At the approval: both leads are still held here, and neither was merged since."""
    if asked["act"] != "merge":
        return None
    asking = "SELECT to_jsonb(referral.may_point($1, $2))"
    if await as_json(session.connection, asking, locked.case_id, UUID(asked["about"][0])):
        return None
    explanation = (
        "One of the two was merged or taken over by another unit since. Nothing was changed."
    )
    return errors.not_allowed_now("moved", "approve", [], explanation)


async def merge(session: WriteSession, actor: Actor, ledger: Ledger, older: str) -> None:
    """The entries and notices of it; what is done the database derives from the proposal."""
    asking = "SELECT to_jsonb(referral.twins($1, $2))"
    twins = await as_json(session.connection, asking, ledger.case_id, UUID(older))
    ledger.log(Done.CASE_MERGED, "case", ledger.case_id, to=older)
    await correcting.strike(session, actor, ledger, twins, MERGED)
