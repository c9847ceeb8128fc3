"""Refusals, written down: nothing else changes, and nobody can try unseen."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from referral.access.standing import Locked
from referral.audit import Done
from referral.audit.ledger import Ledger, post
from referral.audit.streams import own_stream
from referral.errors import Refusal
from referral.session import Actor, WriteSession, keys_of


async def refuse(
    session: WriteSession,
    actor: Actor,
    refusal: Refusal,
    *,
    act: str,
    object_type: str,
    object_id: UUID | None,
    now: datetime,
    locked: Locked | None = None,
) -> Refusal:
    """Write the refusal down and return it: nothing else changes, and nobody can try unseen."""
    related = locked is not None and refusal.status != 404  # noqa: PLR2004 - not found
    ledger = Ledger(locked.case_id if related and locked else None, now, why=refusal.type)
    ledger.log(Done.REFUSED, object_type, object_id, tried=act, status=refusal.status)
    if related and locked is not None:
        head, key = locked.head, keys_of(session, locked.keys)[locked.case_id]
    else:
        head, key = await own_stream(session, actor, ledger)
    claim, session.claim = session.claim, None  # a refusal is not an answer to be replayed
    await post(session, ledger, actor=actor, head=head, key=key)
    session.claim = claim
    return refusal
