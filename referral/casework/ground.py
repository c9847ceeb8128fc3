"""On what ground: the locked thing, who may act on it, and the refusal written down if not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from referral import access, errors
from referral.access.standing import Locked
from referral.casework.refusing import refuse
from referral.casework.said import Said, occurred_faults
from referral.database import scalar
from referral.errors import Refusal
from referral.session import Actor, WriteSession, keys_of
from referral.vault import SubjectKey


@dataclass(frozen=True, slots=True)
class Held:
    """A locked thing and the ground to act on it."""

    locked: Locked
    why: str
    keys: Mapping[UUID, SubjectKey]


async def hand_off_ground(
    session: WriteSession,
    actor: Actor,
    hand_off_id: UUID,
    action: str,
    said: Said,
    now: datetime,
    *,
    only_if: Callable[[Locked], Refusal | None] = lambda _: None,
) -> Held | Refusal:
    """The hand-off, locked, if the actor may do this to it.

    ``only_if`` refuses a state in which nobody may: whoever may know of it is told the state.
    """
    locked = await access.hand_off_for(session, actor, hand_off_id, now)
    impossible = only_if(locked) if locked and locked.relationships(actor) else None
    if locked is not None and impossible is not None:
        return await refuse_there(session, actor, locked, action, impossible, now)
    return await _ground(session, actor, locked, action, said, now, "hand_off", hand_off_id)


async def referral_ground(
    session: WriteSession,
    actor: Actor,
    referral_id: UUID,
    action: str,
    said: Said,
    now: datetime,
    *,
    second_person: bool = False,
) -> Held | Refusal:
    """The referral, locked, if the actor may do this to it.

    ``second_person``: the act only asks, and nothing happens before somebody else approves.
    """
    locked = await access.referral_for(session, actor, referral_id, now)
    about = ("referral", referral_id)
    return await _ground(
        session, actor, locked, action, said, now, *about, second_person=second_person
    )


async def _ground(
    session: WriteSession,
    actor: Actor,
    locked: Locked | None,
    action: str,
    said: Said,
    now: datetime,
    object_type: str,
    object_id: UUID,
    *,
    second_person: bool = False,
) -> Held | Refusal:
    if locked is None:
        return await refuse(
            session,
            actor,
            await gone(session, object_id) or errors.not_found(),
            act=action,
            object_type=object_type,
            object_id=object_id,
            now=now,
        )
    reason = said.reason or said.note
    verdict = access.check(
        actor, locked, action, reason=reason, now=now, second_person=second_person
    )
    if not isinstance(verdict, Refusal):
        faults = occurred_faults(said.occurred_at, now)
        refusal = errors.invalid_input(faults) if faults else None
        if refusal is None and locked.hand_off_id is not None:
            refusal = _hand_off_version(locked, said)
        if refusal is None:
            return Held(locked, verdict.reason_code, keys_of(session, locked.keys))
        verdict = refusal
    return await refuse_there(session, actor, locked, action, verdict, now)


async def gone(session: WriteSession, wanted: UUID | None) -> Refusal | None:
    """That it was erased, to whoever had a part in it to the last; None to everybody else."""
    asking = "SELECT referral.gone_since($1)::date::text"
    since = await scalar(session.connection, asking, wanted)
    return None if since is None else errors.erased(since)


async def refuse_there(
    session: WriteSession,
    actor: Actor,
    locked: Locked,
    act: str,
    refusal: Refusal,
    now: datetime,
) -> Refusal:
    """Write a refusal into the stream of the case it is about."""
    object_type, object_id = (
        ("hand_off", locked.hand_off_id) if locked.hand_off_id else ("referral", locked.referral_id)
    )
    return await refuse(
        session,
        actor,
        refusal,
        act=act,
        object_type=object_type,
        object_id=object_id,
        now=now,
        locked=locked,
    )


def version_conflict(locked: Locked, said: Said) -> Refusal | None:
    """412 when the case is not at the version that was read."""
    if said.version is not None and said.version != locked.case["version"]:
        return errors.version_conflict(locked.case["version"])
    return None


def _hand_off_version(locked: Locked, said: Said) -> Refusal | None:
    if said.version is not None and said.version != locked.hand_off["version"]:
        return errors.version_conflict(locked.hand_off["version"])
    return None
