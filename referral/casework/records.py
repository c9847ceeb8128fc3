"""What people write down about a case: events, first contact, notes, numbers.

An event is put to the engine, which may open steps; a note or a docket number changes nothing but
itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from protocols import engine
from protocols.decision import CloseReferral, Decision, MoveHandOff, RecordEvent, Refused
from protocols.permits import recordable
from protocols.protocol import Protocol
from referral import errors
from referral.access.standing import Locked
from referral.audit import Done
from referral.audit.ledger import Ledger, post
from referral.casework import carrying
from referral.casework.answers import Acted, Ask
from referral.casework.ground import (
    Held,
    referral_ground,
    refuse_there,
    version_conflict,
)
from referral.casework.moves import move_in
from referral.casework.recipients import Subject, subject_of
from referral.casework.run import facts_of, protocol_of, run_of
from referral.casework.said import NOTHING_SAID, Said, occurred_faults
from referral.errors import Fault, Refusal
from referral.session import Actor, WriteSession


async def record_event(
    session: WriteSession,
    actor: Actor,
    referral_id: UUID,
    event: str,
    said: Said = NOTHING_SAID,
    *,
    now: datetime,
) -> Acted | Refusal:
    """Something happened that the protocol waits for (rescued, placed, testimony given …)."""
    held = await referral_ground(session, actor, referral_id, "record_event", said, now)
    if isinstance(held, Refusal):
        return held
    locked = held.locked
    faults = occurred_faults(said.occurred_at, now)
    refused = errors.invalid_input(faults) if faults else version_conflict(locked, said)
    if refused is not None:
        return await refuse_there(session, actor, locked, "record_event", refused, now)
    run = run_of(locked, facts_of(locked, held.keys))
    happened = said.occurred_at or now
    protocol = protocol_of(session, locked)
    decision = engine.record(protocol, run, event, happened)
    if isinstance(decision, Refused):
        refusal = not_recordable(decision, recordable(protocol, run), locked, event, protocol)
        return await refuse_there(session, actor, locked, "record_event", refusal, now)
    ledger = Ledger(locked.case_id, now, why=held.why)
    if event not in {item.event for item in decision.all(RecordEvent)}:
        subject = subject_of(locked, actor)
        carrying.record_event(ledger, subject, event, happened, actor)
    return await follow(session, actor, held, ledger, decision, happened)


def not_recordable(
    refused: Refused,
    possible: Sequence[str],
    locked: Locked,
    event: str,
    protocol: Protocol,
) -> Refusal:
    """An event nobody knows is malformed; one that may not be recorded now is a matter of state."""
    if event not in protocol.events and event.partition(" ")[0] not in protocol.steps:
        listed = ", ".join(possible) or "none at the moment"
        return errors.invalid_input([Fault("/event", "unknown", f"Possible now: {listed}.")])
    state = locked.referral["state"]
    explanation = f"{refused.explanation} Nothing was changed."
    return errors.not_allowed_now(state, "record_event", list(possible), explanation)


async def follow(
    session: WriteSession,
    actor: Actor,
    held: Held,
    ledger: Ledger,
    decision: Decision,
    happened: datetime | None = None,
    more: Sequence[tuple[Subject, Decision]] = (),
) -> Acted:
    """What follows from facts or events: moves of unneeded hand-offs, new ones, clocks."""
    locked = held.locked
    subject = subject_of(locked, actor)
    for item in decision.all(MoveHandOff):
        move_in(ledger, locked, actor, item, decision)
    opened = await carrying.carry(
        session, ledger, [(subject, decision), *more], happened=happened, by=actor
    )
    answer = Acted(
        case_id=str(locked.case_id),
        referral_id=str(locked.referral_id),
        hand_off_id=None,
        state="closed" if decision.all(CloseReferral) else "open",
        version=locked.case["version"] + len(ledger.drafts),
        holder_unit=str(locked.holder_unit),
        asks=tuple(Ask.of(made, one) for one, made in opened),
        superseded=tuple(item.hand_off for item in decision.all(MoveHandOff)),
        closed=bool(decision.all(CloseReferral)),
    )
    await post(
        session,
        ledger,
        actor=actor,
        head=locked.head,
        key=held.keys[locked.case_id],
        answer=answer.stored(),
    )
    return answer


async def add_note(
    session: WriteSession,
    actor: Actor,
    referral_id: UUID,
    text: str,
    said: Said = NOTHING_SAID,
    *,
    now: datetime,
) -> Acted | Refusal:
    """A note on the case (G4): sealed, read only by those it may travel to."""
    held = await referral_ground(session, actor, referral_id, "add_note", said, now)
    if isinstance(held, Refusal):
        return held
    if not text.strip():
        refusal = errors.invalid_input([Fault("/note", "missing", "Write the note first.")])
        return await refuse_there(session, actor, held.locked, "add_note", refusal, now)
    ledger = Ledger(held.locked.case_id, now, why=held.why)
    note = ledger.note(held.keys[held.locked.case_id], "note", text, actor)
    ledger.log(Done.NOTE_ADDED, "case", held.locked.case_id, note=str(note))
    return await done(session, actor, held, ledger)


async def record_voice(
    session: WriteSession,
    actor: Actor,
    referral_id: UUID,
    said: Said = NOTHING_SAID,
    *,
    reached: bool,
    now: datetime,
) -> Acted | Refusal:
    """An emergency is not finished until a voice was reached, or two attempts have failed."""
    held = await referral_ground(session, actor, referral_id, "record_event", said, now)
    if isinstance(held, Refusal):
        return held
    ledger = Ledger(held.locked.case_id, now, why=held.why)
    if reached:
        ledger.case_changes["voice_contact_at"] = (said.occurred_at or now).isoformat()
    else:
        ledger.case_changes["voice_attempts"] = 1
    ledger.log(Done.VOICE_CONTACT_RECORDED, "case", held.locked.case_id, reached=reached)
    return await done(session, actor, held, ledger)


async def done(session: WriteSession, actor: Actor, held: Held, ledger: Ledger) -> Acted:
    """Post the ledger, and answer what stands now."""
    locked = held.locked
    own = locked.hand_off if locked.hand_off_id else None
    answer = Acted(
        case_id=str(locked.case_id),
        referral_id=str(locked.referral_id),
        hand_off_id=own["id"] if own else None,
        state=own["state"] if own else locked.referral["state"],
        version=own["version"] + 1 if own else locked.case["version"] + len(ledger.drafts),
        holder_unit=str(locked.holder_unit),
    )
    await post(
        session,
        ledger,
        actor=actor,
        head=locked.head,
        key=held.keys[locked.case_id],
        answer=answer.stored(),
    )
    return answer
