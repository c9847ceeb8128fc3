"""Break-glass: in an emergency one person opens one case of her own agency, for an hour at most.

1. A fresh proof of identity and a reason; sealed to her alone; every read is in the log at once.
2. The holder's supervisor and whoever protects data are told in the same act.
3. Time closes it, and somebody else reviews it within three days; the third in thirty days has the
   person looked at as well.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID, uuid4

from referral import access, errors
from referral.audit import Done
from referral.audit.ledger import Ledger, post, sealed
from referral.audit.streams import keep_key, own_stream
from referral.casework.refusing import refuse
from referral.casework.said import Said
from referral.database import as_json, scalar
from referral.errors import Fault, Refusal
from referral.session import Actor, Role, WriteSession, keys_of

LONGEST: Final = 60  # minutes
REVIEW: Final = timedelta(hours=72)
OFTEN: Final = 3  # in thirty days
FINDINGS: Final = ("justified", "not_justified")


@dataclass(frozen=True, slots=True)
class Glass:
    """A glass was broken, closed or reviewed."""

    id: str
    case_id: str
    state: str
    ends_at: str

    def stored(self) -> dict[str, Any]:
        """As kept under the idempotency key."""
        return asdict(self)

    @classmethod
    def again(cls, stored: Any) -> Self:
        """The same answer to the same request."""
        return cls(**stored)


async def break_glass(
    session: WriteSession,
    actor: Actor,
    reference: str,
    said: Said,
    *,
    minutes: int = LONGEST,
    now: datetime,
) -> Glass | Refusal:
    """Open a case of the own agency, named by its reference, until ``minutes`` have passed."""
    lock = "SELECT pg_advisory_xact_lock(hashtextextended('glass ' || $1::text, 0))::text"
    await scalar(session.connection, lock, str(actor.member_id))
    refused = access.by_role(actor, "open_glass", said.reason, now)
    if refused is None and not 1 <= minutes <= LONGEST:
        fault = Fault("/minutes", "range", f"Give 1 to {LONGEST} minutes.")
        refused = errors.invalid_input([fault])
    if refused is not None:
        return await _refused(session, actor, refused, "open_glass", None, now)
    asking = "SELECT referral.glass_ground($1)"
    ground = await as_json(session.connection, asking, reference.strip().upper())
    refused = _not_breakable(ground)
    if refused is not None:
        return await _refused(session, actor, refused, "open_glass", None, now)
    return await _broken(session, actor, ground, said, now + timedelta(minutes=minutes), now)


def _not_breakable(ground: Any) -> Refusal | None:
    if ground is None:
        return errors.not_found()
    if ground["open"] is not None:
        explanation = "You have one case open in this way. Close it first: it is one at a time."
        return errors.not_allowed_now("open", "open_glass", ["close_glass"], explanation)
    return None


async def _broken(
    session: WriteSession, actor: Actor, ground: Any, said: Said, ends: datetime, now: datetime
) -> Glass:
    glass = uuid4()
    key, wrapped = session.vault.new_key(glass, "glass")
    ledger = Ledger(None, now, why=f"role:{actor.role.value}")
    keep_key(ledger, wrapped, None)
    words = (said.reason or "").encode()
    ledger.add(
        "glasses",
        id=str(glass),
        case_id=ground["case_id"],
        country=actor.country,
        agency_id=str(actor.agency_id),
        unit_id=str(actor.unit_id),
        opened_by=str(actor.id),
        opened_member=str(actor.member_id),
        opened_at=now.isoformat(),
        ends_at=ends.isoformat(),
        review_due_at=(now + REVIEW).isoformat(),
        key_version=key.version,
        reason=sealed(key, words, room="glass", column="reason", row=glass),
        version=1,
    )
    ledger.log(Done.GLASS_OPENED, "glass", glass, case=ground["case_id"])
    ledger.tell(Done.GLASS_OPENED.value, ground["holder_unit"], None, Role.SUPERVISOR)
    for unit in ground["officers"]:
        ledger.tell(Done.GLASS_OPENED.value, unit, None, Role.DATA_PROTECTION_OFFICER)
    if ground["lately"] + 1 >= OFTEN:
        for unit in ground["officers"]:
            ledger.tell("glass.person_review", unit, None, Role.DATA_PROTECTION_OFFICER)
        ledger.tell("glass.person_review", actor.unit_id, None, Role.SUPERVISOR)
    answer = Glass(str(glass), ground["case_id"], "open", ends.isoformat())
    return await _posted(session, actor, ledger, answer)


async def close_glass(
    session: WriteSession, actor: Actor, glass_id: UUID, *, now: datetime
) -> Glass | Refusal:
    """Close it before its time: by her who broke it."""
    row = await as_json(session.connection, _GLASS, glass_id)
    refused = _not_closable(actor, row)
    if refused is not None:
        return await _refused(session, actor, refused, "close_glass", glass_id, now)
    ledger = Ledger(None, now, why="breaker")
    ledger.add("glass_ends", id=str(glass_id))
    ledger.log(Done.GLASS_CLOSED, "glass", glass_id)
    answer = Glass(str(glass_id), row["case_id"], "closed", now.isoformat())
    return await _posted(session, actor, ledger, answer)


def _not_closable(actor: Actor, row: Any) -> Refusal | None:
    if row is None or row["opened_member"] != str(actor.member_id):
        return errors.not_found()
    if not row["open"]:
        explanation = "It is closed already. Nothing was changed."
        return errors.not_allowed_now("closed", "close_glass", [], explanation)
    return None


async def review_glass(
    session: WriteSession, actor: Actor, glass_id: UUID, finding: str, words: str, *, now: datetime
) -> Glass | Refusal:
    """Was it right to break it? By a supervisor or whoever protects data, never by the breaker."""
    row = await as_json(session.connection, _GLASS, glass_id)
    refused = access.by_role(actor, "review_glass", words.strip() or None, now)
    refused = refused or _not_reviewable(actor, row, finding)
    if refused is not None:
        return await _refused(session, actor, refused, "review_glass", glass_id, now)
    key = keys_of(session, [row["key"]])[glass_id]
    ledger = Ledger(None, now, why=f"role:{actor.role.value}")
    kept = sealed(key, words.strip().encode(), room="glass", column="words", row=glass_id)
    ledger.add("glass_reviews", id=str(glass_id), finding=finding, words=kept)
    ledger.log(Done.GLASS_REVIEWED, "glass", glass_id, finding=finding)
    answer = Glass(str(glass_id), row["case_id"], "reviewed", row["ends_at"])
    return await _posted(session, actor, ledger, answer)


_GLASS: Final = (
    "SELECT jsonb_build_object('case_id', g.case_id, 'opened_member', g.opened_member, "
    "'ends_at', g.ends_at, 'open', g.ends_at > (SELECT referral.my_moment()), "
    "'reviewed', g.reviewed_at IS NOT NULL, 'key', referral.glass_key(g.id)) "
    "FROM referral.glass g WHERE g.id = $1"
)


def _not_reviewable(actor: Actor, row: Any, finding: str) -> Refusal | None:
    if row is None:
        return errors.not_found()
    if row["opened_member"] == str(actor.member_id):
        return errors.not_permitted("review_glass", "somebody else than who broke it")
    if finding not in FINDINGS:
        fault = Fault("/finding", "unknown", f"Choose one of: {', '.join(FINDINGS)}.")
        return errors.invalid_input([fault])
    if row["reviewed"]:
        explanation = "Somebody has reviewed it already. Nothing was changed."
        return errors.not_allowed_now("reviewed", "review_glass", [], explanation)
    return None


async def _posted(session: WriteSession, actor: Actor, ledger: Ledger, answer: Glass) -> Glass:
    head, key = await own_stream(session, actor, ledger)
    await post(
        session,
        ledger,
        actor=actor,
        head=head,
        key=key,
        answer=answer.stored(),
        through="break_glass",
    )
    return answer


async def _refused(
    session: WriteSession,
    actor: Actor,
    refusal: Refusal,
    act: str,
    glass_id: UUID | None,
    now: datetime,
) -> Refusal:
    return await refuse(
        session, actor, refusal, act=act, object_type="glass", object_id=glass_id, now=now
    )
