"""Custody away from a holder who is kept out, to the national fall-back: decided by two.

1. A coordinator or whoever protects data asks, with a reason; another of these approves.
2. The person or agency is excluded, its custody ends, and the national body holds until somebody
   accepts. A seal comes off: whoever was named on it was named by the removed holder.
3. What follows is worked out by the database; the entries here must say exactly that.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from referral import access, errors
from referral.audit import Done, Head
from referral.audit.ledger import Ledger, post, sealed
from referral.audit.streams import keep_key
from referral.casework import proposing
from referral.casework.proposing import Narrowed
from referral.casework.refusing import refuse
from referral.casework.said import Said
from referral.database import as_json
from referral.errors import Fault, Refusal
from referral.session import Actor, WriteSession, keys_of

_LOCK: Final = "SELECT referral.lock_removal($1, $2, $3)"
_MEANT: Final = """
SELECT jsonb_build_object('id', coalesce(
    (SELECT p.id FROM agencies.member p WHERE $1 = 'person' AND p.user_name = $2
        AND p.country = $3),
    (SELECT a.id FROM agencies.agency a WHERE $1 = 'agency' AND a.key = $2 AND a.country = $3)))
"""


async def ask_removal(
    session: WriteSession,
    actor: Actor,
    reference: str,
    kind: str,
    name: str,
    said: Said,
    *,
    now: datetime,
) -> Narrowed | Refusal:
    """Ask that a holder be removed: a person by user name, an agency by its key."""
    refused = access.by_role(actor, "remove", said.reason, now)
    meant = (await as_json(session.connection, _MEANT, kind, name, actor.country))["id"]
    if refused is None and meant is None:
        fault = Fault("/name", "unknown", f"Nobody in {actor.country} is called that.")
        refused = errors.invalid_input([fault])
    if refused is not None:
        return await _refused(session, actor, refused, "remove", None, now)
    standing = await as_json(
        session.connection, _LOCK, reference.strip().upper(), UUID(meant), None
    )
    refused = _not_removable(standing)
    if refused is not None:
        return await _refused(session, actor, refused, "remove", None, now)
    proposal = uuid4()
    key, wrapped = session.vault.new_key(proposal, "proposal")
    ledger = Ledger(UUID(standing["case_id"]), now, why=f"role:{actor.role.value}")
    keep_key(ledger, wrapped, None)
    asked = proposing.Proposal(proposal, "remove", [meant], "removals")
    proposing.ask(ledger, actor, asked, key, said.reason or "")
    answer = Narrowed(str(proposal), standing["case_id"], "asked", 0)
    return await _posted(session, actor, ledger, standing, answer)


async def answer_removal(
    session: WriteSession,
    actor: Actor,
    proposal_id: UUID,
    *,
    approve: bool,
    now: datetime,
) -> Narrowed | Refusal:
    """The second person approves or refuses; an approval moves custody in the same act."""
    refused = access.by_role(actor, "approve_removal")
    standing = await as_json(session.connection, _LOCK, None, None, proposal_id)
    refused = refused or _not_answerable(actor, standing, now)
    if refused is not None:
        return await _refused(session, actor, refused, "approve_removal", proposal_id, now)
    ledger = Ledger(UUID(standing["case_id"]), now, why=f"role:{actor.role.value}")
    told = proposing.answer(ledger, proposal_id, "remove", approve=approve)
    row: dict[str, Any] = {"id": str(proposal_id), "answer": told}
    if approve:
        row |= _consequences(session, ledger, standing, proposal_id)
    ledger.add("removal_answers", **row)
    ledger.tell("removal.answered", standing["asked"]["asked_unit"], None)
    answer = Narrowed(str(proposal_id), standing["case_id"], row["answer"], 0)
    return await _posted(session, actor, ledger, standing, answer)


def _consequences(
    session: WriteSession, ledger: Ledger, standing: Mapping[str, Any], proposal_id: UUID
) -> dict[str, Any]:
    """The entries of what an approval leads to, and the exclusion's reason under the case's key."""
    exclusion, asked = uuid4(), standing["asked"]
    if not standing["already"]:
        ledger.log(Done.EXCLUDED, "exclusion", exclusion, kind=standing["kind"])
    if standing["sealed"]:
        ledger.log(Done.CASE_UNSEALED, "case", standing["case_id"])
    for held in standing["referrals"]:
        if held["custody"] is not None:
            reason = "CONFLICT_OF_INTEREST"
            ledger.log(
                Done.HAND_OFF_CANCELLED, "hand_off", held["custody"], to="cancelled", r=reason
            )
        moved = {"from_": held["holder_unit"], "to": standing["fall_back"]}
        ledger.log(Done.CUSTODY_MOVED, "referral", held["id"], **moved)
    ledger.tell("removal.custody", standing["fall_back"], None)
    written = bytes.fromhex(asked["reason"].removeprefix("\\x"))
    words = keys_of(session, [asked["key"]])[proposal_id].open(
        written, room="proposal", column="reason", row=proposal_id
    )
    key = _case_key(session, standing)
    return {
        "exclusion": str(exclusion),
        "kind": standing["kind"],
        "key_version": key.version,
        "reason": sealed(key, words, room="exclusion", column="reason", row=exclusion),
    }


def _not_removable(standing: Any) -> Refusal | None:
    if standing is None:
        return errors.not_found()
    if not standing["referrals"]:
        explanation = "They hold nobody of this case: whoever holds it can exclude them."
        return errors.not_allowed_now("not holding", "remove", ["exclude"], explanation)
    if standing["fall_back"] is None:
        explanation = (
            "The directory names no other national body to take the person: enter one first "
            "(mandate NATIONAL_FALL_BACK). Nothing was changed."
        )
        return errors.not_allowed_now("no fall-back", "remove", [], explanation)
    return None


def _not_answerable(actor: Actor, standing: Any, now: datetime) -> Refusal | None:
    if standing is None:
        return errors.not_found()
    asked = standing["asked"]
    return proposing.unanswerable(actor, asked, "approve_removal", now) or _not_removable(standing)


def _case_key(session: WriteSession, standing: Mapping[str, Any]) -> Any:
    return keys_of(session, [standing["key"]])[UUID(standing["case_id"])]


async def _posted(
    session: WriteSession,
    actor: Actor,
    ledger: Ledger,
    standing: Mapping[str, Any],
    answer: Narrowed,
) -> Narrowed:
    await post(
        session,
        ledger,
        actor=actor,
        head=Head.from_row(standing["head"]),
        key=_case_key(session, standing),
        answer=answer.stored(),
        through="remove_holder",
    )
    return answer


async def _refused(
    session: WriteSession,
    actor: Actor,
    refusal: Refusal,
    act: str,
    proposal_id: UUID | None,
    now: datetime,
) -> Refusal:
    return await refuse(
        session, actor, refusal, act=act, object_type="proposal", object_id=proposal_id, now=now
    )
