"""Acts on a batch: what was asked of one unit for several persons at once is answered at once.

One transaction; each hand-off has its own moves and its own entries, as if it had been answered
alone. Either all of it is done, or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self
from uuid import UUID, uuid4

from protocols.decision import Decision
from protocols.lifecycle import Act, Kind, State, transition
from referral import errors
from referral.access.standing import Locked
from referral.audit.ledger import Ledger, post
from referral.casework import carrying
from referral.casework.answers import Ask
from referral.casework.hand_offs import may, moved
from referral.casework.moves import Saying
from referral.casework.recipients import subject_of
from referral.casework.refusing import refuse
from referral.casework.said import NOTHING_SAID, Said
from referral.database import as_json, take_time
from referral.errors import Refusal
from referral.session import Actor, WriteSession, keys_of


@dataclass(frozen=True, slots=True)
class BatchActed:
    """An act was done on every hand-off of a batch that waited for it."""

    batch: str
    case_id: str
    hand_offs: tuple[str, ...]
    asks: tuple[Ask, ...] = ()

    def stored(self) -> dict[str, Any]:
        """As kept under the idempotency key: what was acted on, not what followed for each."""
        return {"batch": self.batch, "case_id": self.case_id, "hand_offs": list(self.hand_offs)}

    @classmethod
    def again(cls, stored: Mapping[str, Any]) -> Self:
        """The same answer to the same request."""
        return cls(stored["batch"], stored["case_id"], tuple(stored["hand_offs"]))


async def act_on_batch(
    session: WriteSession,
    actor: Actor,
    batch: UUID,
    act: Act,
    said: Said = NOTHING_SAID,
    *,
    now: datetime,
) -> BatchActed | Refusal:
    """Acknowledge, accept or decline all of a batch that waits for it.

    Who is in the batch and was answered alone meanwhile stays as it is. One that may not be done
    refuses all, and says which.
    """
    waiting = await _locked(session, actor, batch, act, now)
    if isinstance(waiting, Refusal):
        return await _refused(session, actor, waiting, batch, act, now)
    grounds: list[tuple[Locked, Decision, str]] = []
    for locked in waiting:
        ground = may(session, actor, locked, act, said, now)
        if isinstance(ground, Refusal):
            return await _refused(session, actor, _of(ground, locked), batch, act, now, locked)
        grounds.append((locked, *ground))
    return await _carried(session, actor, batch, act, said, grounds, now)


async def _locked(
    session: WriteSession, actor: Actor, batch: UUID, act: Act, now: datetime
) -> list[Locked] | Refusal:
    """Those of the batch that wait for this act, one per referral, under the case's lock."""
    await take_time(session.connection)
    on = session.day_in(actor.country, now)
    rows = await as_json(session.connection, "SELECT referral.lock_batch($1, $2)", batch, on)
    if rows is None:
        return errors.not_found()
    every = [Locked.from_row(row["state"], UUID(row["hand_off"])) for row in rows]
    found = [one for one in every if _waits(one.hand_off, act)]
    if found:
        return found
    states = sorted({one.hand_off["state"] for one in every}) or ["ended"]
    explanation = (
        f"Nothing in this batch waits for “{act.value}”: what is left of it stands at "
        f"{', '.join(states)}. Nothing was changed."
    )
    return errors.not_allowed_now(states[0], act.value, [], explanation)


def _waits(row: Mapping[str, Any], act: Act) -> bool:
    return transition(Kind(row["kind"]), State(row["state"]), act) is not None


async def _carried(
    session: WriteSession,
    actor: Actor,
    batch: UUID,
    act: Act,
    said: Said,
    grounds: Sequence[tuple[Locked, Decision, str]],
    now: datetime,
) -> BatchActed:
    first, _, why = grounds[0]
    key = keys_of(session, first.keys)[first.case_id]
    ledger = Ledger(first.case_id, now, why=why)
    together = uuid4()  # what follows for all of them is one batch again, per step and receiver
    subjects = []
    for locked, decision, _ in grounds:
        done = Saying(ledger, locked, actor, said, act, key)
        subject = moved(done, decision, subject_of(locked, actor))
        subjects.append((replace(subject, batches=together), decision))
    opened = await carrying.carry(session, ledger, subjects)
    answer = BatchActed(
        batch=str(batch),
        case_id=str(first.case_id),
        hand_offs=tuple(str(locked.hand_off_id) for locked, _, _ in grounds),
        asks=tuple(Ask.of(made, one) for one, made in opened),
    )
    await post(session, ledger, actor=actor, head=first.head, key=key, answer=answer.stored())
    return answer


def _of(refusal: Refusal, locked: Locked) -> Refusal:
    """Which person stands in the way."""
    number = locked.person["number"]
    detail = f"Person {number}: {refusal.detail} Nothing of the batch was changed."
    extra = {**refusal.extra, "hand_off": str(locked.hand_off_id)}
    return replace(refusal, detail=detail, extra=extra)


async def _refused(
    session: WriteSession,
    actor: Actor,
    refusal: Refusal,
    batch: UUID,
    act: Act,
    now: datetime,
    locked: Locked | None = None,
) -> Refusal:
    return await refuse(
        session,
        actor,
        refusal,
        act=f"{act.value}_batch",
        object_type="batch",
        object_id=batch,
        now=now,
        locked=locked,
    )
