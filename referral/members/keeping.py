"""What administrators and supervisors do to their people: admitted, charged, away, on duty, out.

Each verb asks the matrix, then the database, which asks its own tables whether this session may do
this to that person; what it answers is a word, and a word that is not the good one is a refusal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from agencies.duties import Role
from agencies.identity import digest_of, new_password
from agencies.members import USER_NAME
from referral import access, errors
from referral.audit import Done
from referral.audit.streams import log_own
from referral.database import scalar
from referral.errors import Fault, Refusal
from referral.session import Actor, WriteSession

GOOD_FOR: Final = timedelta(hours=72)
_KEY: Final = re.compile(r"[A-Z0-9][A-Z0-9_-]{1,39}")
_NAME: Final = 200
_LONGEST: Final = timedelta(days=366)
# What the database may answer instead of doing it: type, title, detail.
_WORDS: Final = {
    "user-name-taken": ("This user name is taken", "Somebody is called that already: add a digit."),
    "already-held": (
        "She has this role already",
        "Or it has been asked for and waits for its answer.",
    ),
    "duties-conflict": (
        "These duties may not be in one hand",
        "One watches over the other. End the other role first, or choose another person.",
    ),
    "elsewhere-too": (
        "She works for another agency too",
        "End her roles here; only an operator can shut her out everywhere.",
    ),
    "deputy-elsewhere": (
        "A deputy is of the same unit",
        "She sees what the absent one sees: choose an officer or supervisor of that unit.",
    ),
    "overlaps": ("This overlaps with what is noted already", "End the other one first."),
    "subject-taken": (
        "This subject is somebody else's",
        "Unbind the other one first, or correct what the provider calls her.",
    ),
    "key-taken": ("There is a unit with this key", "Choose another key."),
}


@dataclass(frozen=True, slots=True)
class Admitted:
    """A new person; ``secret`` is told to her once, ``role`` says what became of her first role."""

    member_id: UUID
    secret: str
    role: str


async def admit(
    session: WriteSession,
    actor: Actor,
    secret: str,
    user_name: str,
    name: str,
    unit: UUID,
    role: Role,
    *,
    now: datetime,
) -> Admitted | Refusal:
    """Somebody new with a first role; she enrols by a secret of her own, good once."""
    faults = []
    if not USER_NAME.fullmatch(user_name):
        told = "2 to 100 small letters, digits, dots, hyphens, _ or @."
        faults.append(Fault("/user_name", "malformed", told))
    if not 1 < len(name) <= _NAME:
        faults.append(Fault("/name", "malformed", "The name as colleagues know it."))
    refused = may(actor, "manage_members", now) or (
        errors.invalid_input(faults) if faults else None
    )
    if refused is not None:
        return refused
    member, given = uuid4(), new_password()
    # Without a role she could do nothing: if that is refused, nobody was admitted either.
    whole = await session.connection.begin_nested()
    told = await _ask(
        session,
        "admit_member($1, $2, $3, $4, $5, $6, $7)",
        *(digest_of(secret), member, user_name, name, digest_of(given), now, now + GOOD_FOR),
    )
    if told != "added":
        await whole.rollback()
        return refusal(told, "manage_members")
    await log_own(session, actor, Done.ADMITTED, now=now, about=member)
    role_given = await give_role(session, actor, secret, member, unit, role, now=now)
    if isinstance(role_given, Refusal):
        await whole.rollback()
        return role_given
    await whole.commit()
    return Admitted(member, given, role_given)


async def give_role(
    session: WriteSession,
    actor: Actor,
    secret: str,
    member_id: UUID,
    unit: UUID,
    role: Role,
    *,
    now: datetime,
) -> str | Refusal:
    """``given``, or ``asked`` where a second person must agree."""
    refused = may(actor, "manage_members", now)
    if refused is not None:
        return refused
    told = await _ask(
        session,
        "give_role($1, $2, $3, $4, $5, $6)",
        *(digest_of(secret), uuid4(), member_id, unit, role.value, now),
    )
    if told not in {"given", "asked"}:
        return refusal(told, "manage_members")
    act = Done.ROLE_GIVEN if told == "given" else Done.ROLE_ASKED
    kept = {"outcome": told, "member_id": str(member_id)}
    await log_own(session, actor, act, now=now, about=member_id, answer=kept, role=role.value)
    return told


async def answer_grant(
    session: WriteSession, actor: Actor, secret: str, grant: UUID, *, agreed: bool, now: datetime
) -> str | Refusal:
    """The second person's answer: ``given`` or ``refused``."""
    refused = may(actor, "answer_grant", now)
    if refused is not None:
        return refused
    told = await _ask(
        session, "answer_grant($1, $2, $3, $4)", digest_of(secret), grant, agreed, now
    )
    if told not in {"given", "refused"}:
        return refusal(told, "answer_grant")
    act = Done.ROLE_GIVEN if told == "given" else Done.ROLE_REFUSED
    await log_own(session, actor, act, now=now, about=grant, answer={"outcome": told})
    return told


async def end_role(
    session: WriteSession, actor: Actor, secret: str, seat: UUID, *, now: datetime
) -> str | Refusal:
    """A role ends today; what was done in it stays its own."""
    call = "end_role($1, $2, $3)", digest_of(secret), seat, now
    return await _done(session, actor, "manage_members", call, Done.ROLE_ENDED, seat, now)


async def set_active(
    session: WriteSession,
    actor: Actor,
    secret: str,
    member_id: UUID,
    *,
    active: bool,
    now: datetime,
) -> str | Refusal:
    """Out at once, everywhere; or let in again (sessions and tokens stay ended)."""
    call = "set_active($1, $2, $3, $4)", digest_of(secret), member_id, active, now
    act = Done.ENABLED if active else Done.DISABLED
    return await _done(session, actor, "manage_members", call, act, member_id, now)


async def note_absence(
    session: WriteSession,
    actor: Actor,
    secret: str,
    seat: UUID,
    first: date,
    last: date,
    deputy: UUID | None,
    *,
    now: datetime,
) -> str | Refusal:
    """Away from ``first`` to ``last``; what she holds is her deputy's, or her unit's, to act on."""
    refused = may(actor, "note_absence", now) or _period(first, last)
    if refused is not None:
        return refused
    day_after = last + timedelta(days=1)
    call = (
        "note_absence($1, $2, $3, $4, $5, $6, $7)",
        *(digest_of(secret), uuid4(), seat, first, day_after, deputy, now),
    )
    return await _done(session, actor, "note_absence", call, Done.ABSENCE_NOTED, seat, now)


async def end_absence(
    session: WriteSession, actor: Actor, secret: str, absence: UUID, *, now: datetime
) -> str | Refusal:
    """She is back."""
    call = "end_absence($1, $2, $3)", digest_of(secret), absence, now
    return await _done(session, actor, "note_absence", call, Done.ABSENCE_ENDED, absence, now)


async def put_on_duty(
    session: WriteSession,
    actor: Actor,
    secret: str,
    seat: UUID,
    first: date,
    last: date,
    *,
    now: datetime,
) -> str | Refusal:
    """On duty from ``first`` to ``last``."""
    refused = may(actor, "keep_roster", now) or _period(first, last)
    if refused is not None:
        return refused
    day_after = last + timedelta(days=1)
    call = (
        "put_on_duty($1, $2, $3, $4, $5, $6)",
        *(digest_of(secret), uuid4(), seat, first, day_after, now),
    )
    return await _done(session, actor, "keep_roster", call, Done.DUTY_NOTED, seat, now)


async def end_duty(
    session: WriteSession, actor: Actor, secret: str, duty: UUID, *, now: datetime
) -> str | Refusal:
    """No longer on duty."""
    call = "end_duty($1, $2, $3)", digest_of(secret), duty, now
    return await _done(session, actor, "keep_roster", call, Done.DUTY_ENDED, duty, now)


async def keep_unit(
    session: WriteSession,
    actor: Actor,
    secret: str,
    unit: UUID | None,
    key: str | None,
    name: str,
    *,
    now: datetime,
) -> str | Refusal:
    """A unit by another name, or (``unit`` None) a new one with this key."""
    refused = may(actor, "manage_members", now)
    if refused is not None:
        return refused
    if not 1 < len(name) <= _NAME or (unit is None and not _KEY.fullmatch(key or "")):
        told = "A name of 2 to 200 characters; a key of capital letters, digits, hyphens and _."
        return errors.invalid_input([Fault("/name", "malformed", told)])
    which = unit or uuid4()
    new_key = key if unit is None else None
    call = "keep_unit($1, $2, $3, $4, $5)", digest_of(secret), which, new_key, name, now
    act = Done.UNIT_ADDED if unit is None else Done.UNIT_RENAMED
    return await _done(session, actor, "manage_members", call, act, which, now)


async def _done(
    session: WriteSession,
    actor: Actor,
    action: str,
    call: tuple[Any, ...],
    act: Done,
    about: UUID,
    now: datetime,
) -> str | Refusal:
    refused = may(actor, action, now)
    if refused is not None:
        return refused
    told = await _ask(session, *call)
    if told not in {"ended", "done", "noted", "added", "renamed"}:
        return refusal(told, action)
    await log_own(session, actor, act, now=now, about=about, answer={"outcome": told})
    return told


def may(actor: Actor, action: str, now: datetime) -> Refusal | None:
    """The matrix first; changes to people and their roles take a fresh proof as well."""
    refused = access.by_role(actor, action, now=now)
    signed_in = actor.scopes is None  # a token proves nobody's presence
    quick = signed_in and action in {"note_absence", "keep_roster"}
    fresh = quick or access.stepped_up(actor, now)
    return refused or (None if fresh else errors.step_up_required(action))


async def _ask(session: WriteSession, call: str, *values: Any) -> str:
    return str(await scalar(session.connection, f"SELECT agencies.{call}", *values))


def _period(first: date, last: date) -> Refusal | None:
    if first <= last <= first + _LONGEST:
        return None
    told = "The last day comes after the first, at most a year later."
    return errors.invalid_input([Fault("/last", "malformed", told)])


def refusal(told: str, action: str) -> Refusal:
    """What the database answered instead of doing it, in words."""
    if told in {"unknown", "None"}:
        return errors.not_found()
    if told == "not-permitted":
        return errors.not_permitted(action, "somebody else who is charged with this person")
    title, detail = _WORDS[told]
    return Refusal(409, told, title, f"Nothing was changed. {detail}")
