"""Acts on a hand-off. Every verb has the same shape: lock, may she, decide, carry out.

The engine decides what follows; this room adds who said it, when, and in which words. A verb answers
``Acted`` or a ``Refusal``; either way its entry is in the log when the door commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from protocols import engine
from protocols.decision import (
    CloseReferral,
    Decision,
    MoveCustody,
    MoveHandOff,
    Refused,
    StartClock,
    StopClock,
)
from protocols.lifecycle import Act, Kind, Needs, Party, State, acts_from, transition
from protocols.permits import outcomes_for, reasons_for
from protocols.protocol import Protocol
from referral import access, errors
from referral.access.standing import Locked
from referral.audit import Done
from referral.audit.ledger import Ledger, post
from referral.casework import carrying
from referral.casework.answers import Acted, Ask
from referral.casework.carrying import Subject
from referral.casework.refusing import refuse
from referral.casework.run import facts_of, protocol_of, run_of
from referral.errors import Fault, Refusal
from referral.session import Actor, Role, WriteSession, keys_of
from referral.vault import DataKey

_DONE = {
    Act.ACKNOWLEDGE: Done.HAND_OFF_RECEIVED,
    Act.ACCEPT: Done.HAND_OFF_ACCEPTED,
    Act.DECLINE: Done.HAND_OFF_DECLINED,
    Act.START: Done.HAND_OFF_STARTED,
    Act.HOLD: Done.HAND_OFF_HELD,
    Act.RESUME: Done.HAND_OFF_RESUMED,
    Act.COMPLETE: Done.HAND_OFF_COMPLETED,
    Act.FAIL: Done.HAND_OFF_FAILED,
    Act.CANCEL: Done.HAND_OFF_CANCELLED,
}

_NOTE_KIND = {Act.DECLINE: "decline", Act.COMPLETE: "feedback", Act.FAIL: "feedback"}


@dataclass(frozen=True, slots=True)
class Said:
    """What came with an act: codes, words, and when it happened if not now."""

    reason_code: str | None = None
    outcome: str | None = None
    note: str | None = None
    reason: str | None = None  # why she may (cells marked R), not why she declines
    occurred_at: datetime | None = None
    review_at: datetime | None = None
    version: int | None = None
    attested_by: str | None = None  # who answered by voice or paper
    attested_on: str | None = None  # on which directory number or document


NOTHING_SAID = Said()


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


async def attest(  # noqa: PLR0913 - which act, on what, in whose name, when
    session: WriteSession, actor: Actor, hand_off_id: UUID, act: Act, said: Said, *, now: datetime
) -> Acted | Refusal:
    """A receiver who is not connected answered by voice or paper; the sender's unit records it."""
    return await _act(session, actor, hand_off_id, act, said, now, attesting=True)


async def _act(  # noqa: PLR0913 - the one shape of every verb
    session: WriteSession,
    actor: Actor,
    hand_off_id: UUID,
    act: Act,
    said: Said,
    now: datetime,
    *,
    attesting: bool = False,
) -> Acted | Refusal:
    locked = await access.hand_off_for(session, hand_off_id, now)
    ground = _may(session, actor, locked, act, said, now, attesting=attesting)
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
    subject = subject_of(locked, actor)
    done = _Saying(ledger, locked, actor, said, act, keys[locked.case_id], attesting=attesting)
    done.move_all(decision)
    for custody in decision.all(MoveCustody):
        carrying.move_custody(ledger, subject, custody, None if attesting else actor.id)
        subject = replace(subject, holder_unit=UUID(locked.hand_off["receiver_unit"]))
    served = await carrying.resolve(session, [(subject, decision)], now)
    opened = carrying.carry(ledger, subject, decision, served)
    answer = _answer(locked, decision, opened, act, subject)
    await post(
        session,
        ledger,
        actor=actor,
        head=locked.head,
        key=keys[locked.case_id],
        answer=answer.stored(),
    )
    return answer


def _may(  # noqa: PLR0913 - everything that can say no, in the order it is asked
    session: WriteSession,
    actor: Actor,
    locked: Locked | None,
    act: Act,
    said: Said,
    now: datetime,
    *,
    attesting: bool,
) -> tuple[Decision, str] | Refusal:
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
    if isinstance(verdict, Refusal):
        return verdict
    if said.version is not None and said.version != row["version"]:
        return errors.version_conflict(row["version"])
    protocol = protocol_of(session, locked)
    limit = session.catalogue.country(locked.case["country"]).supervisor_after
    faults = faults_in(said, act, row, protocol, limit, now, actor, attesting=attesting)
    if isinstance(faults, Refusal):
        return faults
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
    )
    if isinstance(decision, Refused):
        return not_allowed(decision, state)
    return decision, verdict.why


def not_possible(row: Mapping[str, Any], act: Act, party: Party) -> Refusal:
    """No row of the life cycle: whoever may know of the hand-off is told its state."""
    possible = [one.value for one in possible_acts(row["kind"], row["state"], party)]
    explanation = (
        f"This {row['kind']} is “{row['state']}”: “{act.value}” is not possible any more or not yet. "
        f"Possible for you: {', '.join(possible) or 'nothing'}. Nothing was changed."
    )
    return errors.not_allowed_now(row["state"], act.value, possible, explanation)


def not_allowed(refused: Refused, state: State) -> Refusal:
    """What the engine refused, as a 409 that names the state and what would be possible."""
    return errors.not_allowed_now(
        state.value,
        refused.act,
        [possible.value for possible in refused.possible],
        refused.explanation,
    )


def _action(act: Act, state: State) -> str:
    """The matrix tells cancelling before acceptance from cancelling after it."""
    if act is Act.CANCEL:
        return "cancel_after_acceptance" if state.answered else "cancel_before_acceptance"
    return act.value


def _party(actor: Actor, locked: Locked, *, attesting: bool) -> Party:
    if attesting or str(actor.unit_id) == locked.hand_off["receiver_unit"]:
        return Party.RECEIVER
    return Party.SENDER


def faults_in(  # noqa: PLR0913 - what was said, against what the act needs
    said: Said,
    act: Act,
    hand_off: Mapping[str, Any],
    protocol: Protocol,
    limit: timedelta,
    now: datetime,
    actor: Actor,
    *,
    attesting: bool,
) -> Refusal | None:
    """What is missing or wrong in what came with an act; None when all is there."""
    step = hand_off["step"]
    row = transition(Kind(hand_off["kind"]), State(hand_off["state"]), act)
    needs = row.needs if row else frozenset()
    faults = []
    if Needs.REASON in needs:
        faults += _code_faults("reason_code", said.reason_code, reasons_for(protocol, step, act))
    if Needs.OUTCOME in needs:
        faults += _code_faults("outcome", said.outcome, outcomes_for(protocol, step))
    if Needs.NOTE in needs and not (said.note or "").strip():
        faults.append(Fault("/note", "missing", "Say it in a sentence: the sender reads this."))
    if Needs.REVIEW_AT in needs and (said.review_at is None or said.review_at <= now):
        faults.append(Fault("/review_at", "missing", "Give the day to look again, after today."))
    if attesting and not (said.attested_by and said.attested_on):
        faults.append(
            Fault(
                "/attested_by",
                "missing",
                "Name who answered and on which directory number or document; an answer from "
                "nobody in particular counts for nothing.",
            )
        )
    faults += occurred_faults(said.occurred_at, now)
    if faults:
        return errors.invalid_input(faults)
    if said.occurred_at and now - said.occurred_at > limit and actor.role is not Role.SUPERVISOR:
        return errors.not_permitted(
            f"record something older than {limit.days} days", "the supervisor of the unit"
        )
    return None


def occurred_faults(occurred_at: datetime | None, now: datetime) -> list[Fault]:
    """A moment in the future, or 543 years in it: a Buddhist-era year typed as CE."""
    if occurred_at is None or occurred_at <= now + timedelta(minutes=1):
        return []
    if occurred_at.year - now.year in range(500, 560):
        message = (
            f"The year {occurred_at.year} looks like the Buddhist era; in the common era that is "
            f"{occurred_at.year - 543}. Enter the common-era year."
        )
        return [Fault("/occurred_at", "buddhist-era", message)]
    message = "This is in the future. Enter when it happened, or leave it empty for now."
    return [Fault("/occurred_at", "future", message)]


def _code_faults(name: str, code: str | None, allowed: Any) -> list[Fault]:  # noqa: ANN401
    if code in allowed:
        return []
    message = f"Choose one of: {', '.join(allowed)}."
    return [Fault(f"/{name}", "missing" if not code else "unknown", message)]


def subject_of(locked: Locked, actor: Actor | None) -> Subject:
    """The referral as carrying out needs it."""
    return Subject(
        case_id=locked.case_id,
        referral_id=locked.referral_id,
        person_id=UUID(locked.referral["person_id"]),
        country=locked.case["country"],
        track=locked.referral["track"],
        place=locked.case["place"],
        urgency=locked.case["urgency"],
        holder_unit=locked.holder_unit,
        filer_unit=UUID(locked.case["filed_by_unit"]),
        sender_member=actor.id if actor and actor.unit_id == locked.holder_unit else None,
        batches=uuid4(),
        hand_offs={row["id"]: row for row in locked.hand_offs},
        clocks={row["id"]: row for row in locked.clocks},
    )


@dataclass(slots=True)
class _Saying:
    """Puts one act, and the moves that follow from it, into the ledger with the words said."""

    ledger: Ledger
    locked: Locked
    actor: Actor
    said: Said
    act: Act
    key: DataKey
    attesting: bool = False

    def move_all(self, decision: Decision) -> None:
        """Every move of the decision. Accepting what nobody had opened yet is one move of the row
        and two entries: received, accepted, at the same moment."""
        opened = None
        for item in decision.all(MoveHandOff):
            if item.act is Act.ACKNOWLEDGE and self.act is Act.ACCEPT:
                opened = item
                self.ledger.log(
                    Done.HAND_OFF_RECEIVED,
                    "hand_off",
                    item.hand_off,
                    from_=item.from_state.value,
                    to=item.to_state.value,
                )
            elif opened is not None and item.hand_off == opened.hand_off:
                self.move(item, decision, since=opened.from_state)
            else:
                self.move(item, decision)

    def move(self, item: MoveHandOff, decision: Decision, *, since: State | None = None) -> None:
        """One hand-off changes state; ``since``: the state its row still stands in."""
        own = item.hand_off == str(self.locked.hand_off_id)
        row = self.locked.named(item.hand_off)
        code = (self.said.reason_code if own else None) or item.reason_code
        note = self._note(item) if own else None
        happened = (self.said.occurred_at if own else None) or self.ledger.at
        self.ledger.add(
            "moves",
            id=item.hand_off,
            act=item.act.value,
            from_state=(since or item.from_state).value,
            entries=2 if since else 1,
            to_state=item.to_state.value,
            occurred_at=happened.isoformat(),
            reason_code=code,
            outcome=self.said.outcome if own else None,
            **_times(item, happened.isoformat()),
            review_at=self.said.review_at.isoformat() if own and self.said.review_at else None,
            receiver_member=str(self.actor.id) if own and self._takes(item.act) else None,
            attested=own and self.attesting,
            **_due_after(self.locked, decision, item),
        )
        self.ledger.log(
            _DONE[item.act],
            "hand_off",
            item.hand_off,
            from_=item.from_state.value,
            to=item.to_state.value,
            occurred_at=happened if happened != self.ledger.at else None,
            reason_code=code,
            outcome=self.said.outcome if own else None,
            note=str(note) if note else None,
            attested=True if own and self.attesting else None,
            reason=self.said.reason if own else None,
        )
        other = row["sender_unit"] if own else row["receiver_unit"]
        self.ledger.tell(_DONE[item.act].value, other, item.hand_off)

    def _takes(self, act: Act) -> bool:
        return not self.attesting and act in {Act.ACCEPT, Act.ACKNOWLEDGE}

    def _note(self, item: MoveHandOff) -> UUID | None:
        hand_off = UUID(item.hand_off)
        if self.attesting:
            who = f"{self.said.attested_by}; {self.said.attested_on}"
            self.ledger.note(self.key, "attestation", who, self.actor, hand_off)
        if not self.said.note:
            return None
        kind = _NOTE_KIND.get(item.act, "reason")
        return self.ledger.note(self.key, kind, self.said.note, self.actor, hand_off)


def _times(item: MoveHandOff, happened: str) -> dict[str, str | None]:
    """Which moments this act sets. Accepting from "requested" records "received" with it."""
    taken = item.act is Act.ACCEPT
    return {
        "received_at": happened if taken or item.act is Act.ACKNOWLEDGE else None,
        "accepted_at": happened if taken else None,
        "started_at": happened if item.act is Act.START else None,
        "ended_at": happened if item.to_state.terminal else None,
    }


def _due_after(locked: Locked, decision: Decision, item: MoveHandOff) -> dict[str, Any]:
    """The next limit of a hand-off once this decision stands; none when it has ended."""
    if item.to_state.terminal:
        return {"due_at": None, "immediate": False, "basis": None, "met": True}
    stopped = {stop.clock for stop in decision.all(StopClock)}
    running = [
        (clock["due_at"], False, None)
        for clock in locked.clocks
        if clock["hand_off"] == item.hand_off and clock["id"] not in stopped
    ]
    running += [
        (clock.due_at.isoformat(), clock.immediate, clock.basis.value)
        for clock in decision.all(StartClock)
        if clock.hand_off == item.hand_off
    ]
    if not running:
        return {"due_at": None, "immediate": False, "basis": None, "met": bool(stopped)}
    due_at, immediate, basis = min(running, key=lambda limit: datetime.fromisoformat(limit[0]))
    return {"due_at": due_at, "immediate": immediate, "basis": basis, "met": bool(stopped)}


def _answer(
    locked: Locked,
    decision: Decision,
    opened: Any,
    act: Act,
    subject: Subject,  # noqa: ANN401
) -> Acted:
    own = str(locked.hand_off_id)
    moved = [item for item in decision.all(MoveHandOff) if item.hand_off == own]
    return Acted(
        case_id=str(locked.case_id),
        referral_id=str(locked.referral_id),
        hand_off_id=own,
        state=moved[-1].to_state.value,
        version=locked.hand_off["version"] + len(moved),
        holder_unit=str(subject.holder_unit),
        asks=tuple(Ask.of(made, locked.referral_id, locked.referral["track"]) for made in opened),
        superseded=tuple(
            item.hand_off for item in decision.all(MoveHandOff) if item.hand_off != own
        ),
        closed=bool(decision.all(CloseReferral)),
    )


def move_in(
    ledger: Ledger, locked: Locked, actor: Actor, item: MoveHandOff, decision: Decision
) -> None:
    """A move nobody said anything to: it follows from facts or events."""
    key = DataKey(locked.case_id, 0, b"", b"")  # never used: there are no words to seal
    _Saying(ledger, locked, actor, NOTHING_SAID, item.act, key).move(item, decision)


def possible_acts(kind: str, state: str, party: Party) -> tuple[Act, ...]:
    """What the life cycle offers this party now, for pages and for API answers."""
    return acts_from(Kind(kind), State(state), party)
