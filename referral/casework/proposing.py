"""One asks, another answers: what every act that takes two persons has in common.

1. What is asked for is written down with who asked, from which seat, until when, and why; the words
   are sealed, under the case's key or one of their own.
2. Somebody else answers: once, and in time. Nobody approves what she asked for herself.
3. Both stand in the log. What an approval leads to is each act's own, and follows with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

from referral import errors
from referral.access.standing import moment
from referral.audit import Done
from referral.audit.ledger import Ledger, sealed
from referral.errors import Refusal
from referral.session import Actor
from referral.vault import SubjectKey

WAITS: Final = timedelta(hours=72)  # for the second person; then somebody asks anew


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Asked, approved, refused or kept out. ``left``: hand-offs that nobody can answer now."""

    id: str
    case_id: str
    state: str
    version: int
    left: tuple[str, ...] = ()

    def stored(self) -> dict[str, Any]:
        """As kept under the idempotency key."""
        return asdict(self)

    @classmethod
    def again(cls, stored: Any) -> Self:
        """The same answer to the same request."""
        return cls(**{**stored, "left": tuple(stored["left"])})


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one asks for. ``about``: whom or what; ``part``: what the database calls it."""

    id: UUID
    act: str
    about: Sequence[str]
    part: str = "proposals"
    waits: timedelta = WAITS
    ground: str | None = None


def ask(ledger: Ledger, actor: Actor, asked: Proposal, key: SubjectKey, words: str) -> None:
    """Write down what one asks for, and that one did; ``words``: why, sealed under ``key``."""
    content = sealed(key, words.encode(), room="proposal", column="reason", row=asked.id)
    ledger.add(
        asked.part,
        id=str(asked.id),
        case_id=str(ledger.case_id),
        country=actor.country,
        act=asked.act,
        about=list(asked.about),
        asked_unit=str(actor.unit_id),
        asked_by=str(actor.id),
        asked_member=str(actor.member_id),
        asked_role=actor.role.value,
        asked_at=ledger.at.isoformat(),
        expires_at=(ledger.at + asked.waits).isoformat(),
        key_version=key.version,
        reason=content,
        **({} if asked.ground is None else {"ground": asked.ground}),
    )
    ledger.log(Done.PROPOSED, "proposal", asked.id, asked_for=asked.act)


def unanswerable(
    actor: Actor,
    asked: Mapping[str, Any],
    action: str,
    now: datetime,
    *,
    waits: timedelta = WAITS,
    supervised: str = "",
) -> Refusal | None:
    """Another person, once, in time; ``supervised``: whose supervisor one of the two must be."""
    if asked["asked_member"] == str(actor.member_id):
        return errors.not_permitted(action, "somebody else than who asked")
    if supervised and "SUPERVISOR" not in {asked["asked_role"], actor.role.value}:
        return errors.not_permitted(action, f"the supervisor of {supervised}")
    if asked["answer"] is not None:
        explanation = f"This was {asked['answer']} already. Nothing was changed."
        return errors.not_allowed_now(asked["answer"], action, [], explanation)
    if moment(asked["expires_at"]) <= now:
        waited = f"{waits.days} days" if waits > WAITS else "72 hours"
        explanation = f"Nobody answered within {waited}. Let it be asked anew. Nothing was changed."
        return errors.not_allowed_now("expired", action, [], explanation)
    return None


def answer(ledger: Ledger, asked: UUID, act: str, *, approve: bool, **more: Any) -> str:
    """Tell the answer in the log; ``more``: what else the entry says. The word that is stored."""
    ledger.log(
        Done.APPROVED if approve else Done.NOT_APPROVED, "proposal", asked, asked_for=act, **more
    )
    return "approved" if approve else "refused"
