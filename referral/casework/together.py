"""What meetings and operations share: an act of several, about no case, in one's own stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, Self, TypeVar
from uuid import UUID

from referral.audit.ledger import Ledger, post
from referral.audit.streams import own_stream
from referral.casework.refusing import refuse
from referral.database import scalar
from referral.errors import Refusal
from referral.session import Actor, WriteSession

Kind = Literal["meeting", "operation"]
_DOORS: Mapping[Kind, Literal["convene", "operate"]] = {
    "meeting": "convene",
    "operation": "operate",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that is ids, states and numbers alone, so that all of it may be kept."""

    def stored(self) -> dict[str, Any]:
        """As kept under the idempotency key."""
        return asdict(self)

    @classmethod
    def again(cls, stored: Mapping[str, Any]) -> Self:
        """The same answer to the same request."""
        return cls(**stored)


A = TypeVar("A", bound=Kept)


def own_ledger(actor: Actor, now: datetime, why: str | None = None) -> Ledger:
    """Of an act about no case: the role gives the right, if nothing else does."""
    return Ledger(None, now, why=why or f"role:{actor.role.value}")


async def lock(session: WriteSession, kind: Kind, wanted: UUID) -> None:
    """One at a time, whether there is such a thing or not."""
    await scalar(
        session.connection,
        "SELECT pg_advisory_xact_lock(hashtextextended($1::text || ' ' || $2::text, 0))::text",
        kind,
        str(wanted),
    )


async def posted(
    session: WriteSession, actor: Actor, ledger: Ledger, kind: Kind, answer: A, status: int
) -> A:
    """Carried out through the kind's own door, and the answer kept."""
    head, key = await own_stream(session, actor, ledger)
    await post(
        session,
        ledger,
        actor=actor,
        head=head,
        key=key,
        answer=answer.stored(),
        status=status,
        through=_DOORS[kind],
    )
    return answer


async def refused(
    session: WriteSession,
    actor: Actor,
    refusal: Refusal,
    kind: Kind,
    act: str,
    about: UUID | None,
    now: datetime,
) -> Refusal:
    """Written down in the caller's own stream."""
    return await refuse(
        session, actor, refusal, act=act, object_type=kind, object_id=about, now=now
    )
