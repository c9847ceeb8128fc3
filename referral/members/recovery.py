"""A new start for somebody who has lost what she signs in with.

1. A supervisor of her unit or an administrator of her agency gives it, never she herself.
2. All she had is over at that moment: password, factors, devices, sessions.
3. The secret is told once, is good once, and lets her enrol, nothing else.
4. Of somebody who watches over others an administrator only asks: another person gives it, and
   only that other sees the secret.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from agencies.identity import digest_of, new_password
from referral import access, errors
from referral.audit import Done
from referral.audit.streams import log_own
from referral.database import scalar
from referral.errors import Refusal
from referral.session import Actor, WriteSession

GOOD_FOR: Final = timedelta(hours=72)
ASKED: Final = "asked"  # no secret: somebody else must confirm


async def recover(
    session: WriteSession, actor: Actor, secret: str, member_id: UUID, *, now: datetime
) -> str | Refusal:
    """The secret to be told to her, or ``ASKED``. ``secret`` is that of the caller's session."""
    refused = access.by_role(actor, "recover_member", now=now)
    if refused is not None:
        return refused
    if member_id == actor.member_id:
        return _not_oneself()
    holder = digest_of(secret)
    asking = "SELECT agencies.must_ask($1, $2, $3)"
    if await scalar(session.connection, asking, holder, member_id, now):
        return await _ask(session, actor, holder, member_id, now)
    given = new_password()
    done = await scalar(
        session.connection,
        "SELECT agencies.recover($1, $2, $3, $4, $5)",
        *(holder, member_id, digest_of(given), now, now + GOOD_FOR),
    )
    if not done:
        return errors.not_found()
    await log_own(session, actor, Done.RECOVERED, now=now, about=member_id)
    return given


async def _ask(
    session: WriteSession, actor: Actor, holder: bytes, member_id: UUID, now: datetime
) -> str | Refusal:
    told = await scalar(
        session.connection,
        "SELECT agencies.ask_recovery($1, $2, $3, $4, $5)",
        *(holder, uuid4(), member_id, now, now + GOOD_FOR),
    )
    if told == "already-asked":
        explanation = "It was asked for already and waits for a second person."
        return errors.not_allowed_now("asked", "recover_member", [], explanation)
    if told != "asked":
        return errors.not_found()
    await log_own(session, actor, Done.RECOVERY_ASKED, now=now, about=member_id)
    return ASKED


async def answer_recovery(
    session: WriteSession, actor: Actor, secret: str, which: UUID, *, agreed: bool, now: datetime
) -> str | Refusal | None:
    """The second person's answer: the secret, told to her alone; None when she refuses."""
    refused = access.by_role(actor, "answer_recovery", now=now)
    if refused is not None:
        return refused
    given = new_password()
    told = await scalar(
        session.connection,
        "SELECT agencies.answer_recovery($1, $2, $3, $4, $5, $6)",
        *(digest_of(secret), which, agreed, digest_of(given), now, now + GOOD_FOR),
    )
    if told == "not-permitted":
        return errors.not_permitted("answer_recovery", "somebody else than who asked, or is meant")
    if told not in {"given", "refused"}:
        return errors.not_found()
    act = Done.RECOVERED if told == "given" else Done.RECOVERY_REFUSED
    await log_own(session, actor, act, now=now, about=which)
    return given if told == "given" else None


def _not_oneself() -> Refusal:
    return Refusal(
        403,
        "not-oneself",
        "Nobody gives herself a new start",
        "Another supervisor of your unit, or an administrator of your agency, can give you one.",
    )
