"""Acts on a hand-off. Every verb has the same shape: lock, may she, decide, carry out.

The engine decides what follows; this room adds who said it, when, and in which words. A verb
answers ``Acted`` or a ``Refusal``; either way its entry is in the log when the door commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from protocols import engine
from protocols.decision import (
    CloseReferral,
    Decision,
    MoveCustody,
    MoveHandOff,
    PanelVote,
    Refused,
)
from protocols.lifecycle import Act, Kind, Party, State, acts_from, transition
from referral import access, errors
from referral.access.standing import Locked
from referral.audit.ledger import Ledger, post
from referral.casework import carrying
from referral.casework.answers import Acted, Ask
from referral.casework.moves import Saying
from referral.casework.panels import Sitting
from referral.casework.recipients import Subject, subject_of
from referral.casework.refusing import refuse
from referral.casework.run import facts_of, protocol_of, run_of
from referral.casework.said import NOTHING_SAID, Said, faults_in
from referral.errors import Refusal
from referral.session import Actor, WriteSession, keys_of

# Two-person acts, and what filing does by itself.
_NOT_OFFERED = frozenset({Act.VOID, Act.SEND})


async def acknowledge(
    session: WriteSession,
    actor: Actor,
    hand_off_id: UUID,
    said: Said = NOTHING_SAID,
    *,
    now: datetime,
) -> Acted | Refusal:
    """A named person of the receiving unit has opened it: ``received``."""
    return await _act(session, actor, hand_off_id, Act.ACKNOWLEDGE, said, now)


async def accept(
    session: WriteSession,
    actor: Actor,
    hand_off_id: UUID,
    said: Said = NOTHING_SAID,
    *,
    now: datetime,
) -> Acted | Refusal:
    """The receiving unit takes responsibility; of a custody hand-off, the person moves to it."""
    return await _act(session, actor, hand_off_id, Act.ACCEPT, said, now)


async def decline(
    session: WriteSession, actor: Actor, hand_off_id: UUID, said: Said, *, now: datetime
) -> Acted | Refusal:
    """Refused before any action, with a coded reason: it goes where the protocol says."""
    return await _act(session, actor, hand_off_id, Act.DECLINE, said, now)


async def start(
    session: WriteSession,
    actor: Actor,
    hand_off_id: UUID,
    said: Said = NOTHING_SAID,
    *,
    now: datetime,
) -> Acted | Refusal:
    """Work has begun."""
    return await _act(session, actor, hand_off_id, Act.START, said, now)


async def hold(
    session: WriteSession, actor: Actor, hand_off_id: UUID, said: Said, *, now: datetime
) -> Acted | Refusal:
    """Paused, with a reason and a day to look again."""
    return await _act(session, actor, hand_off_id, Act.HOLD, said, now)


async def resume(
    session: WriteSession,
    actor: Actor,
    hand_off_id: UUID,
    said: Said = NOTHING_SAID,
    *,
    now: datetime,
) -> Acted | Refusal:
    """Work goes on."""
    return await _act(session, actor, hand_off_id, Act.RESUME, said, now)


async def complete(
    session: WriteSession, actor: Actor, hand_off_id: UUID, said: Said, *, now: datetime
) -> Acted | Refusal:
    """Done, with an outcome code and feedback to the sender."""
    return await _act(session, actor, hand_off_id, Act.COMPLETE, said, now)


async def fail(
    session: WriteSession, actor: Actor, hand_off_id: UUID, said: Said, *, now: datetime
) -> Acted | Refusal:
    """Tried, could not be done: the receiver stays holder until somebody else accepts."""
    return await _act(session, actor, hand_off_id, Act.FAIL, said, now)


async def cancel(
    session: WriteSession, actor: Actor, hand_off_id: UUID, said: Said, *, now: datetime
) -> Acted | Refusal:
    """Stopped before completion. After acceptance a sender may only ask; the receiver decides."""
    return await _act(session, actor, hand_off_id, Act.CANCEL, said, now)


async def attest(
    session: WriteSession, actor: Actor, hand_off_id: UUID, act: Act, said: Said, *, now: datetime
) -> Acted | Refusal:
    """A receiver who is not connected answered by voice or paper; the sender's unit records it."""
    return await _act(session, actor, hand_off_id, act, said, now, attesting=True)


async def complete_by_panel(
    session: WriteSession,
    actor: Actor,
    hand_off_id: UUID,
    sitting: Sitting,
    said: Said,
    *,
    now: datetime,
) -> Acted | Refusal:
    """Done, with the outcome a panel decided: no effect before its quorum has met."""
    wrong = sitting.faults()
    told = replace(said, outcome=sitting.outcome)
    if wrong:
        locked = await access.hand_off_for(session, actor, hand_off_id, now)
        known = locked is not None and bool(locked.relationships(actor))
        return await refuse(
            session,
            actor,
            errors.invalid_input(wrong) if known else errors.not_found(),
            act="decide_panel",
            object_type="hand_off",
            object_id=hand_off_id,
            now=now,
            locked=locked if known else None,
        )
    return await _act(session, actor, hand_off_id, Act.COMPLETE, told, now, panel=sitting)


async def _act(
    session: WriteSession,
    actor: Actor,
    hand_off_id: UUID,
    act: Act,
    said: Said,
    now: datetime,
    *,
    attesting: bool = False,
    panel: Sitting | None = None,
) -> Acted | Refusal:
    locked = await access.hand_off_for(session, actor, hand_off_id, now)
    vote = panel.vote if panel else None
    ground = may(session, actor, locked, act, said, now, attesting=attesting, panel=vote)
    if isinstance(ground, Refusal) or locked is None:
        refusal = ground if isinstance(ground, Refusal) else errors.not_found()
        return await refuse(
            session,
            actor,
            refusal,
            act=act.value,
            object_type="hand_off",
            object_id=hand_off_id,
            now=now,
            locked=locked,
        )
    decision, why = ground
    keys = keys_of(session, locked.keys)
    ledger = Ledger(locked.case_id, now, why=why)
    done = Saying(ledger, locked, actor, said, act, keys[locked.case_id], attesting=attesting)
    subject = moved(done, decision, subject_of(locked, actor))
    if panel is not None:
        panel.keep(ledger, locked, actor, keys[locked.case_id], protocol_of(session, locked))
    opened = await carrying.carry(session, ledger, [(subject, decision)])
    answer = _answer(locked, decision, opened, subject)
    await post(
        session,
        ledger,
        actor=actor,
        head=locked.head,
        key=keys[locked.case_id],
        answer=answer.stored(),
    )
    return answer


def moved(done: Saying, decision: Decision, subject: Subject) -> Subject:
    """The moves of a decision, and custody where it goes; the referral as it stands then."""
    done.move_all(decision)
    for custody in decision.all(MoveCustody):
        member = None if done.attesting else done.actor.id
        carrying.move_custody(done.ledger, subject, custody, member)
        subject = replace(subject, holder_unit=UUID(done.locked.hand_off["receiver_unit"]))
    return subject


def may(  # noqa: PLR0911 - each way to say no is its own, in the order they are asked
    session: WriteSession,
    actor: Actor,
    locked: Locked | None,
    act: Act,
    said: Said,
    now: datetime,
    *,
    attesting: bool = False,
    panel: PanelVote | None = None,
) -> tuple[Decision, str] | Refusal:
    """May she, and what follows: everything that can say no, before anything is written."""
    if locked is None:
        return errors.not_found()
    row = locked.hand_off
    state = State(row["state"])
    if not locked.relationships(actor):
        return errors.not_found()
    if transition(Kind(row["kind"]), state, act) is None:
        return not_possible(row, act, _party(actor, locked, attesting=attesting))
    action = "attest" if attesting else _action(act, state)
    reason = said.reason or said.note or said.reason_code
    verdict = access.check(actor, locked, action, reason=reason, now=now)
    if isinstance(verdict, Refusal) and verdict.type != "reason-required":
        return verdict
    if said.version is not None and said.version != row["version"]:
        return errors.version_conflict(row["version"])
    protocol = protocol_of(session, locked)
    limit = session.catalogue.country(locked.case["country"]).supervisor_after
    faults = faults_in(said, act, row, protocol, limit, now, actor, attesting=attesting)
    if isinstance(faults, Refusal):
        return faults  # the coded list helps more than "say why"
    if isinstance(verdict, Refusal):
        return verdict
    party = _party(actor, locked, attesting=attesting)
    facts = facts_of(locked, keys_of(session, locked.keys))
    decision = engine.act(
        protocol,
        run_of(locked, facts),
        row["id"],
        act,
        now,
        party=party,
        reason_code=said.reason_code,
        outcome=said.outcome,
        occurred_at=said.occurred_at,
        receiver_mandates=frozenset(row["mandates"] or ()),
        panel=panel,
    )
    if isinstance(decision, Refused):
        return not_allowed(decision, state)
    return decision, verdict.reason_code


def not_possible(row: Mapping[str, Any], act: Act, party: Party) -> Refusal:
    """No row of the life cycle: whoever may know of the hand-off is told its state."""
    possible = [one.value for one in possible_acts(row["kind"], row["state"], party)]
    explanation = (
        f"This {row['kind']} is “{row['state']}”: “{act.value}” is not possible now. "
        f"Possible for you: {', '.join(possible) or 'nothing'}. Nothing was changed."
    )
    return errors.not_allowed_now(row["state"], act.value, possible, explanation)


def not_allowed(refused: Refused, state: State) -> Refusal:
    """What the engine refused, as a 409 that names the state and what would be possible."""
    refusal = errors.not_allowed_now(
        state.value,
        refused.act,
        [one.value for one in refused.possible if one not in _NOT_OFFERED],
        refused.explanation,
    )
    return replace(refusal, extra={**refusal.extra, "rule": refused.rule})


def _action(act: Act, state: State) -> str:
    """The matrix tells cancelling before acceptance from cancelling after it."""
    if act is Act.CANCEL:
        return "cancel_after_acceptance" if state.answered else "cancel_before_acceptance"
    return act.value


def _party(actor: Actor, locked: Locked, *, attesting: bool) -> Party:
    if attesting or str(actor.unit_id) == locked.hand_off["receiver_unit"]:
        return Party.RECEIVER
    return Party.SENDER


def _answer(locked: Locked, decision: Decision, opened: Any, subject: Subject) -> Acted:
    own = str(locked.hand_off_id)
    moved = [item for item in decision.all(MoveHandOff) if item.hand_off == own]
    return Acted(
        case_id=str(locked.case_id),
        referral_id=str(locked.referral_id),
        hand_off_id=own,
        state=moved[-1].to_state.value,
        version=locked.hand_off["version"] + len(moved),
        holder_unit=str(subject.holder_unit),
        asks=tuple(Ask.of(made, one) for one, made in opened),
        superseded=tuple(
            item.hand_off for item in decision.all(MoveHandOff) if item.hand_off != own
        ),
        closed=bool(decision.all(CloseReferral)),
    )


def possible_acts(kind: str, state: str, party: Party) -> tuple[Act, ...]:
    """What the life cycle offers this party now, for pages and for API answers."""
    found = acts_from(Kind(kind), State(state), party)
    return tuple(act for act in found if act not in _NOT_OFFERED)
