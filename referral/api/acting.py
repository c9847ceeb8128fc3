"""How every act over JSON is carried: asked of its verb once, and answered with what follows.

A repeated act is answered from what was stored; a refusal is a problem, and is in the log either
way. This must never know which act it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi import Response

from agencies.duties import Scope
from referral import queries
from referral.api.answers import Done, made
from referral.api.asked import Asked
from referral.api.wire import KEYED, answer, refused
from referral.casework import Acted, Said
from referral.entry import Call, needs_scope
from referral.errors import Refusal
from referral.session import WriteSession

ACT: dict[str, Any] = {"response_model": Done, "openapi_extra": KEYED}
Verb = Callable[..., Awaitable[Acted | Refusal]]


async def carried(
    call: Call[WriteSession],
    asked: Asked,
    verb: Verb,
    hand_off_id: UUID,
    said: Said,
    *,
    promised: bool = False,
) -> Response:
    """An act on a hand-off: done now, or its stored answer again.

    ``promised``: it is an acceptance, and is answered with the promise of its receipt.
    """
    needs_scope(call, Scope.HAND_OFFS_WRITE)
    if call.stored is not None:
        done: Acted | Refusal = Acted.again(call.stored)
    else:
        done = await verb(call.session, call.actor, hand_off_id, said, now=call.now)
    promiser = call.installation.promiser if promised else None
    if isinstance(done, Refusal):
        promiser = None
    promise = await queries.promise_of(call.session, hand_off_id, promiser)
    return await acted(call, asked, done, promise)


async def acted(
    call: Call[WriteSession], asked: Asked, done: Acted | Refusal, promise: str | None = None
) -> Response:
    """What an act led to, or the problem; versions of hand-offs and cases are their ETags."""
    if isinstance(done, Refusal):
        return refused(done)
    # Who is asked next is for the holder to know: whoever declined, for a conflict of interest
    # perhaps, must not learn from the answer where the child goes.
    holds = done.holder_unit == str(call.actor.unit_id)
    follow = await made(call, done.asks, asked.wording(call)) if done.asks and holds else ()
    return answer(Done.of(done, follow, promise), version=done.version)
