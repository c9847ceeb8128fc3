"""Who else may know of a case: seals and named exclusions, and the acts that take two persons.

1. Keeping a person or an agency out takes one person and stands at once; letting back in takes two.
2. A seal names the persons who go on seeing the case. One asks, another approves, one of the two
   supervises; nobody approves what she asked for herself, in whichever seat.
3. What an approval leads to is worked out by the database from what was asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from referral import access, errors
from referral.access.standing import Locked
from referral.audit import Done
from referral.audit.ledger import Ledger, post, sealed
from referral.casework import correcting, merging, proposing
from referral.casework.ground import Held, referral_ground, refuse_there
from referral.casework.proposing import Narrowed
from referral.casework.refusing import refuse
from referral.casework.said import Said
from referral.database import as_json
from referral.errors import Fault, Refusal
from referral.session import Actor, WriteSession, keys_of

ACTS: Final = ("seal", "unseal", "lift_exclusion", "void", "merge")
_LED_TO: Final = {"seal": Done.CASE_SEALED, "unseal": Done.CASE_UNSEALED}


async def propose(
    session: WriteSession,
    actor: Actor,
    referral_id: UUID,
    act: str,
    said: Said,
    *,
    named: Sequence[str] = (),
    exclusion: UUID | None = None,
    older: str = "",
    now: datetime,
) -> Narrowed | Refusal:
    """Ask for what two persons do.

    ``named``: user names that go on a seal. ``older``: reference of the case this one repeats.
    """
    if act not in ACTS:
        fault = Fault("/act", "unknown", f"Choose one of: {', '.join(ACTS)}.")
        return await _refused(session, actor, errors.invalid_input([fault]), "propose", now)
    held = await referral_ground(session, actor, referral_id, act, said, now, second_person=True)
    if isinstance(held, Refusal):
        return held
    if act == "merge":
        about = await merging.older_of(session, held.locked, older)
    else:
        about = await _about(session, actor, held.locked, act, named, exclusion)
    if isinstance(about, Refusal):
        return await refuse_there(session, actor, held.locked, act, about, now)
    ledger = Ledger(held.locked.case_id, now, why=held.why)
    proposal = proposing.Proposal(uuid4(), act, [str(one) for one in about])
    key = held.keys[held.locked.case_id]
    proposing.ask(ledger, actor, proposal, key, said.reason or said.note or "")
    ledger.tell(Done.PROPOSED.value, actor.unit_id, None, "SUPERVISOR")
    return await _posted(
        session, actor, held, ledger, Narrowed(str(proposal.id), *_at(held, "asked"))
    )


async def answer_proposal(
    session: WriteSession,
    actor: Actor,
    proposal_id: UUID,
    said: Said,
    *,
    approve: bool,
    now: datetime,
) -> Narrowed | Refusal:
    """The second person approves or refuses; an approval takes effect in the same act."""
    on = session.day_in(actor.country, now)
    row = await as_json(
        session.connection, "SELECT referral.lock_proposal($1, $2)", proposal_id, on
    )
    if row is None or row["proposal"]["act"] not in ACTS:
        return await _refused(session, actor, errors.not_found(), "approve", now)
    locked, asked = Locked.from_row(row["state"], None), row["proposal"]
    decision = access.check(actor, locked, "approve", reason=said.reason, now=now)
    refusal = decision if isinstance(decision, Refusal) else None
    refusal = refusal or proposing.unanswerable(
        actor, asked, "approve", now, supervised="the unit that holds the case"
    )
    if refusal is None and approve:
        refusal = correcting.still_stands(locked, asked)
        if locked.case["legal_hold"] and asked["act"] in access.matrix().on_hold:
            refusal = errors.legal_hold(asked["act"])
        refusal = refusal or await merging.still_stands(session, locked, asked)
    if refusal is not None or isinstance(decision, Refusal):
        return await refuse_there(
            session, actor, locked, "approve", refusal or errors.not_found(), now
        )
    held = Held(locked, decision.reason_code, keys_of(session, locked.keys))
    ledger = Ledger(locked.case_id, now, why=held.why)
    answer = proposing.answer(ledger, proposal_id, asked["act"], approve=approve)
    ledger.add("answers", id=str(proposal_id), answer=answer)
    if approve:
        await _follows(session, actor, ledger, asked)
    ledger.tell(f"proposal.{answer}", asked["asked_unit"], None)
    return await _posted(
        session, actor, held, ledger, Narrowed(str(proposal_id), *_at(held, answer))
    )


async def exclude(
    session: WriteSession,
    actor: Actor,
    referral_id: UUID,
    kind: str,
    name: str,
    said: Said,
    *,
    now: datetime,
) -> Narrowed | Refusal:
    """Keep a person (by user name) or an agency (by its key) out of the case, from this moment.

    Future hand-offs never go to an excluded agency; those that wait there are named in the answer:
    nobody there can see them any more, so the holder takes them back.
    """
    held = await referral_ground(session, actor, referral_id, "exclude", said, now)
    if isinstance(held, Refusal):
        return held
    found = await as_json(
        session.connection, _EXCLUDABLE, kind, name, actor.country, held.locked.case_id
    )
    refusal = _not_excludable(actor, kind, found)
    if refusal is not None:
        return await refuse_there(session, actor, held.locked, "exclude", refusal, now)
    ledger, exclusion = Ledger(held.locked.case_id, now, why=held.why), uuid4()
    ledger.add(
        "exclusions",
        id=str(exclusion),
        case_id=str(held.locked.case_id),
        country=actor.country,
        kind=kind,
        excluded=found["id"],
        at=now.isoformat(),
        by_unit=str(actor.unit_id),
        by_member=str(actor.id),
        **_reason(held, said, "exclusion", exclusion),
    )
    ledger.log(Done.EXCLUDED, "exclusion", exclusion, kind=kind)
    answer = Narrowed(str(exclusion), *_at(held, "excluded"), left=tuple(found["waiting"]))
    return await _posted(session, actor, held, ledger, answer)


async def _about(
    session: WriteSession,
    actor: Actor,
    locked: Locked,
    act: str,
    named: Sequence[str],
    exclusion: UUID | None,
) -> list[UUID] | Refusal:
    """What a proposal is about: members, an exclusion, a referral, or nothing."""
    if act == "void":
        return correcting.struck(locked)
    if act == "seal":
        return await _on_seal(session, actor, locked, named)
    standing = await as_json(session.connection, _STANDING, locked.case_id, exclusion)
    if act == "unseal":
        if standing["sealed"]:
            return []
        return errors.not_allowed_now("not sealed", act, ["seal"], "This case bears no seal.")
    if standing["excluded"] and exclusion is not None:
        return [exclusion]
    message = "There is no such exclusion in force; the case's page of who may know lists them."
    return errors.invalid_input([Fault("/exclusion", "unknown", message)])


async def _follows(
    session: WriteSession, actor: Actor, ledger: Ledger, asked: Mapping[str, Any]
) -> None:
    """The entries of what an approval leads to."""
    act, about = asked["act"], asked["about"]
    if act == "void":
        await correcting.strike(session, actor, ledger, about, correcting.IN_ERROR)
    elif act == "merge":
        await merging.merge(session, actor, ledger, about[0])
    elif act in _LED_TO:
        ledger.log(_LED_TO[act], "case", ledger.case_id, persons=len(about))
    else:
        ledger.log(Done.EXCLUSION_LIFTED, "exclusion", about[0])


async def _on_seal(
    session: WriteSession, actor: Actor, locked: Locked, named: Sequence[str]
) -> list[UUID] | Refusal:
    """Members to be named; every unit that works on the case must keep somebody on it."""
    found = await as_json(session.connection, _NAMED, list(named), actor.country, locked.case_id)
    faults = []
    if unknown := sorted(set(named) - set(found["members"])):
        message = f"Nobody who works on cases here has the user name {', '.join(unknown)}."
        faults.append(Fault("/named", "unknown", message))
    elif not named:
        faults.append(Fault("/named", "missing", "Name everybody who shall go on seeing the case."))
    elif found["without"]:
        message = (
            f"{found['without']} of the units that work on this case would have nobody on the seal,"
            " and its persons nobody to look after them. Name somebody of each."
        )
        faults.append(Fault("/named", "unit-without", message))
    if faults:
        return errors.invalid_input(faults)
    return sorted(UUID(one) for one in found["members"].values())


# Under row security: whoever holds sees every referral and hand-off of the case.
_NAMED: Final = """
WITH known AS (
    SELECT DISTINCT p.user_name, p.id, m.unit_id FROM agencies.member p JOIN agencies.membership m ON m.member_id = p.id
    WHERE p.country = $2 AND p.active AND p.user_name = ANY ($1::text[]) AND m.role IN ('OFFICER', 'SUPERVISOR')
), works AS (
    SELECT r.holder_unit AS unit_id FROM referral.referral r WHERE r.case_id = $3 AND r.state = 'open'
    UNION SELECT h.receiver_unit FROM referral.hand_off h WHERE h.case_id = $3 AND h.kind <> 'custody' AND h.state IN ('accepted', 'in-progress', 'on-hold')
)
SELECT jsonb_build_object('members', (SELECT coalesce(jsonb_object_agg(k.user_name, k.id), '{}') FROM known k),
    'without', (SELECT count(*) FROM works w WHERE w.unit_id NOT IN (SELECT k.unit_id FROM known k)))
"""
_STANDING: Final = """
SELECT jsonb_build_object('sealed', EXISTS (SELECT FROM referral.seal s WHERE s.case_id = $1 AND s.lifted_at IS NULL),
    'excluded', EXISTS (SELECT FROM referral.exclusion x WHERE x.case_id = $1 AND x.id = $2::uuid AND x.lifted_at IS NULL))
"""
_EXCLUDABLE: Final = """
WITH meant AS (
    SELECT p.id FROM agencies.member p WHERE $1 = 'person' AND p.user_name = $2 AND p.country = $3
    UNION ALL SELECT a.id FROM agencies.agency a WHERE $1 = 'agency' AND a.key = $2 AND a.country = $3
)
SELECT jsonb_build_object('id', (SELECT id FROM meant LIMIT 1),
    'already', EXISTS (SELECT FROM referral.exclusion x JOIN meant ON meant.id = x.excluded WHERE x.case_id = $4 AND x.lifted_at IS NULL),
    'holds', EXISTS (SELECT FROM referral.referral r JOIN agencies.unit u ON u.id = r.holder_unit LEFT JOIN agencies.membership m ON m.id = r.holder_member
        JOIN meant ON meant.id IN (u.agency_id, m.member_id) WHERE r.case_id = $4),
    'waiting', (SELECT coalesce(jsonb_agg(h.id), '[]') FROM referral.hand_off h JOIN meant ON meant.id = h.receiver_agency
        WHERE h.case_id = $4 AND h.state IN ('requested', 'received', 'accepted', 'in-progress', 'on-hold') AND NOT h.imported))
"""


def _not_excludable(actor: Actor, kind: str, found: Any) -> Refusal | None:
    if found["id"] is None:
        what = "user name of a person" if kind == "person" else "key of an agency"
        fault = Fault("/name", "unknown", f"This is the {what} of nobody in {actor.country}.")
        return errors.invalid_input([fault])
    if found["already"]:
        return errors.not_allowed_now("excluded", "exclude", [], "Already kept out of this case.")
    if found["holds"] or found["id"] in {str(actor.member_id), str(actor.agency_id)}:
        explanation = (
            "Whoever holds a person of this case cannot be kept out of it: the person would have "
            "nobody. Hand the person over first, or tell the coordinator. Nothing was changed."
        )
        return errors.not_allowed_now("holder", "exclude", [], explanation)
    return None


def _reason(held: Held, said: Said, room: str, row: UUID) -> dict[str, Any]:
    key, words = held.keys[held.locked.case_id], (said.reason or said.note or "").encode()
    content = sealed(key, words, room=room, column="reason", row=row)
    return {"key_version": key.version, "reason": content}


def _at(held: Held, state: str) -> tuple[str, str, int]:
    return str(held.locked.case_id), state, held.locked.case["version"]


async def _posted(
    session: WriteSession, actor: Actor, held: Held, ledger: Ledger, answer: Narrowed
) -> Narrowed:
    locked = held.locked
    await post(
        session,
        ledger,
        actor=actor,
        head=locked.head,
        key=held.keys[locked.case_id],
        answer=answer.stored(),
    )
    return answer


async def _refused(
    session: WriteSession, actor: Actor, refusal: Refusal, act: str, now: datetime
) -> Refusal:
    return await refuse(
        session, actor, refusal, act=act, object_type="proposal", object_id=None, now=now
    )
