"""A new start for somebody who has lost what she signs in with.

1. A supervisor of her unit or an administrator of her agency gives it, never she herself.
2. All she had is over at that moment: password, factors, devices, sessions.
3. The secret is told once, is good once, and lets her enrol, nothing else.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from agencies.identity import digest_of, new_password
from referral import access, errors
from referral.audit import Done
from referral.audit.streams import log_own
from referral.database import scalar
from referral.errors import Refusal
from referral.session import Actor, WriteSession

GOOD_FOR: Final = timedelta(hours=72)


async def recover(
    session: WriteSession, actor: Actor, secret: str, member_id: UUID, *, now: datetime
) -> str | Refusal:
    """The secret to be told to her. ``secret`` is that of the caller's session."""
    refused = access.by_role(actor, "recover_member", now=now)
    if refused is not None:
        return refused
    if member_id == actor.member_id:
        return _not_oneself()
    given = new_password()
    done = await scalar(
        session.connection,
        "SELECT agencies.recover($1, $2, $3, $4, $5)",
        *(digest_of(secret), member_id, digest_of(given), now, now + GOOD_FOR),
    )
    if not done:
        return errors.not_found()
    await log_own(session, actor, Done.RECOVERED, now=now, about=member_id)
    return given


def _not_oneself() -> Refusal:
    return Refusal(
        403,
        "not-oneself",
        "Nobody gives herself a new start",
        "Another supervisor of your unit, or an administrator of your agency, can give you one.",
    )
