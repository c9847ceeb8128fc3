"""What people write down about a case: facts learned later, events, first contact, notes, numbers.

Facts amended and events recorded are put to the engine again, which may open steps or mark unaccepted
ones unneeded; a note or a docket number changes nothing but itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import orjson

from protocols import engine, screening
from protocols.decision import CloseReferral, Decision, MoveHandOff, RecordEvent, Refused
from protocols.facts import Facts, Group
from protocols.lifecycle import State
from protocols.vocabulary import load_vocabulary
from referral import access, errors
from referral.access.standing import Locked
from referral.audit import Done
from referral.audit.ledger import Ledger, post, sealed
from referral.audit.streams import keep_key
from referral.casework import carrying
from referral.casework.answers import Acted, Ask
from referral.casework.carrying import Opened
from referral.casework.hand_offs import (
    NOTHING_SAID,
    Said,
    move_in,
    not_allowed,
    occurred_faults,
    subject_of,
)
from referral.casework.intake import findings_of
from referral.casework.refusing import refuse
from referral.casework.run import facts_of, protocol_of, run_of
from referral.errors import Fault, Refusal
from referral.session import Actor, WriteSession, keys_of
from referral.vault import DataKey

_HIDDEN = {
    Group.IDENTITY: ("identities", "person_identity"),
    Group.SAFETY: ("safeties", "person_safety"),
    Group.NARRATIVE: ("narratives", "person_narrative"),
}


@dataclass(frozen=True, slots=True)
class Held:
    """A locked thing and the ground to act on it."""

    locked: Locked
    why: str
    keys: Mapping[UUID, DataKey]


async def amend(
    session: WriteSession,
    actor: Actor,
    referral_id: UUID,
    changes: Mapping[str, Any],
    said: Said = NOTHING_SAID,
    *,
    now: datetime,
) -> Acted | Refusal:
    """Facts of the referral's person learned later; ``None`` takes a fact back to not known."""
    held = await _referral(session, actor, referral_id, "amend", said, now)
    if isinstance(held, Refusal):
        return held
    locked = held.locked
    vocabulary = load_vocabulary()
    before = facts_of(locked, held.keys)
    after = vocabulary.amend(before, dict(changes), "/facts")
    if not isinstance(after, Facts):
        faults = [Fault(one.pointer, one.code, one.message) for one in after]
        refused: Refusal | None = errors.invalid_input(faults)
    else:
        refused = _version(locked, said)
    if refused is not None or not isinstance(after, Facts):
        return await _refused(session, actor, locked, "amend", refused or errors.not_found(), now)
    findings = screening.screen(session.catalogue.country(actor.country).parameters, after)
    decision = engine.amend(
        protocol_of(session, locked),
        run_of(locked, before),
        after,
        now,
        results=findings.results,
        urgency=findings.urgency.value,
    )
    if isinstance(decision, Refused):
        refusal = not_allowed(decision, State.DRAFT)
        return await _refused(session, actor, locked, "amend", refusal, now)
    ledger = Ledger(locked.case_id, now, why=held.why)
    ledger.log(Done.CASE_AMENDED, "case", locked.case_id, facts=sorted(changes))
    _keep_facts(session, ledger, held, before, after)
    _keep_findings(ledger, locked, actor, findings)
    return await _carry(session, actor, held, ledger, decision)


def _keep_facts(
    session: WriteSession, ledger: Ledger, held: Held, before: Facts, after: Facts
) -> None:
    """What changed, each fact to the table of its own group."""
    locked, vocabulary = held.locked, load_vocabulary()
    person = locked.referral["person_id"]
    old, new = vocabulary.dump(before), vocabulary.dump(after)
    by_group: dict[Group, dict[str, Any]] = {}
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            group = vocabulary[name].group
            kept = group if group in _HIDDEN else Group.FACTS
            by_group.setdefault(kept, {})[name] = new.get(name)
    if Group.FACTS in by_group:
        own: dict[str, Any] = next(
            (row["facts"] for row in locked.facts if row["person_id"] == person), {}
        )
        ledger.add(
            "case_facts",
            id=str(uuid4()),
            case_id=str(locked.case_id),
            person_id=person,
            country=locked.case["country"],
            facts=_without_none({**own, **by_group[Group.FACTS]}),
            amended_at=ledger.at.isoformat(),
        )
    for group, (table, room) in _HIDDEN.items():
        if group in by_group:
            _keep_hidden(session, ledger, held, table, room, by_group[group])


def _keep_hidden(  # noqa: PLR0913 - which room, which facts
    session: WriteSession,
    ledger: Ledger,
    held: Held,
    table: str,
    room: str,
    changes: Mapping[str, Any],
) -> None:
    locked = held.locked
    person = UUID(locked.referral["person_id"])
    key = held.keys.get(person)
    if key is None:
        key, wrapped = session.vault.new_key(person, "person")
        keep_key(ledger, wrapped, locked.case_id)
    old: dict[str, Any] = {}
    for row in locked.hidden:
        if row["room"] == room:
            sealed_facts = bytes.fromhex(row["facts"].removeprefix("\\x"))
            old = orjson.loads(key.open(sealed_facts, room=room, column="facts", row=person))
    facts = orjson.dumps(_without_none({**old, **changes}))
    ledger.add(
        table,
        person_id=str(person),
        case_id=str(locked.case_id),
        country=locked.case["country"],
        key_version=key.version,
        facts=sealed(key, facts, room=room, column="facts", row=person),
    )


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _keep_findings(ledger: Ledger, locked: Locked, actor: Actor, findings: Any) -> None:  # noqa: ANN401
    ledger.add(
        "screenings",
        id=str(uuid4()),
        case_id=str(locked.case_id),
        person_id=locked.referral["person_id"],
        country=locked.case["country"],
        at=ledger.at.isoformat(),
        by_member=str(actor.id),
        findings=findings_of(findings),
    )
    ledger.add(
        "referral_changes",
        id=str(locked.referral_id),
        results=[list(pair) for pair in findings.results],
    )
    ledger.log(Done.REFERRAL_AMENDED, "referral", locked.referral_id, to="open")


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
    held = await _referral(session, actor, referral_id, "record_event", said, now)
    if isinstance(held, Refusal):
        return held
    locked = held.locked
    faults = occurred_faults(said.occurred_at, now)
    refused = errors.invalid_input(faults) if faults else _version(locked, said)
    if refused is not None:
        return await _refused(session, actor, locked, "record_event", refused, now)
    run = run_of(locked, facts_of(locked, held.keys))
    happened = said.occurred_at or now
    decision = engine.record(protocol_of(session, locked), run, event, happened)
    if isinstance(decision, Refused):
        refusal = not_allowed(decision, State.DRAFT)
        return await _refused(session, actor, locked, "record_event", refusal, now)
    ledger = Ledger(locked.case_id, now, why=held.why)
    if event not in {item.event for item in decision.all(RecordEvent)}:
        subject = subject_of(locked, actor)
        carrying.record_event(ledger, subject, event, happened, actor)
    return await _carry(session, actor, held, ledger, decision, happened)


async def _carry(
    session: WriteSession,
    actor: Actor,
    held: Held,
    ledger: Ledger,
    decision: Decision,
    happened: datetime | None = None,
) -> Acted:
    """What follows from facts or events: moves of unneeded hand-offs, new ones, clocks."""
    locked = held.locked
    subject = subject_of(locked, actor)
    for item in decision.all(MoveHandOff):
        move_in(ledger, locked, actor, item, decision)
    served = await carrying.resolve(session, [(subject, decision)], ledger.at)
    opened: list[Opened] = carrying.carry(
        ledger, subject, decision, served, happened=happened, by=actor
    )
    answer = Acted(
        case_id=str(locked.case_id),
        referral_id=str(locked.referral_id),
        hand_off_id=None,
        state="closed" if decision.all(CloseReferral) else "open",
        version=locked.case["version"] + len(ledger.drafts),
        holder_unit=str(locked.holder_unit),
        asks=tuple(Ask.of(made, locked.referral_id, subject.track) for made in opened),
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


async def record_first_contact(
    session: WriteSession,
    actor: Actor,
    hand_off_id: UUID,
    said: Said = NOTHING_SAID,
    *,
    now: datetime,
) -> Acted | Refusal:
    """The person was met or spoken to: acceptance followed by nothing must show."""
    held = await _hand_off(session, actor, hand_off_id, "record_first_contact", said, now)
    if isinstance(held, Refusal):
        return held
    row = held.locked.hand_off
    if not State(row["state"]).answered:
        refusal = errors.not_allowed_now(
            row["state"], "record_first_contact", [], "Accept first: contact follows acceptance."
        )
        return await _refused(session, actor, held.locked, "record_first_contact", refusal, now)
    ledger = Ledger(held.locked.case_id, now, why=held.why)
    happened = said.occurred_at or now
    ledger.add("marks", id=row["id"], first_contact_at=happened.isoformat())
    ledger.log(
        Done.FIRST_CONTACT_RECORDED, "hand_off", row["id"], to=row["state"], occurred_at=happened
    )
    return await _done(session, actor, held, ledger)


async def ask_cancellation(
    session: WriteSession, actor: Actor, hand_off_id: UUID, said: Said, *, now: datetime
) -> Acted | Refusal:
    """After acceptance a sender may only ask; the receiver decides."""
    held = await _hand_off(session, actor, hand_off_id, "ask_cancellation", said, now)
    if isinstance(held, Refusal):
        return held
    row = held.locked.hand_off
    ledger = Ledger(held.locked.case_id, now, why=held.why)
    ledger.add("marks", id=row["id"], cancellation_asked_at=now.isoformat())
    ledger.log(
        Done.CANCELLATION_ASKED,
        "hand_off",
        row["id"],
        to=row["state"],
        reason_code=said.reason_code,
    )
    ledger.tell(Done.CANCELLATION_ASKED.value, row["receiver_unit"], row["id"])
    return await _done(session, actor, held, ledger)


async def confirm_attestation(
    session: WriteSession,
    actor: Actor,
    hand_off_id: UUID,
    said: Said = NOTHING_SAID,
    *,
    now: datetime,
) -> Acted | Refusal:
    """The receiver itself confirms what was recorded in its name."""
    held = await _hand_off(session, actor, hand_off_id, "confirm_attestation", said, now)
    if isinstance(held, Refusal):
        return held
    row = held.locked.hand_off
    if row["receiver_unit"] != str(actor.unit_id):
        refusal = errors.not_permitted("confirm_attestation", "the unit that was asked")
        return await _refused(session, actor, held.locked, "confirm_attestation", refusal, now)
    ledger = Ledger(held.locked.case_id, now, why=held.why)
    ledger.add("marks", id=row["id"], attestation_confirmed_at=now.isoformat())
    ledger.log(Done.ATTESTATION_CONFIRMED, "hand_off", row["id"], to=row["state"])
    return await _done(session, actor, held, ledger)


async def set_docket(
    session: WriteSession,
    actor: Actor,
    hand_off_id: UUID,
    number: str,
    said: Said = NOTHING_SAID,
    *,
    now: datetime,
) -> Acted | Refusal:
    """The own agency's number for this hand-off (145, acta, police, court)."""
    held = await _hand_off(session, actor, hand_off_id, "set_docket", said, now)
    if isinstance(held, Refusal):
        return held
    if not number.strip() or len(number) > 80:  # noqa: PLR2004 - longest official number seen: 40
        refusal = errors.invalid_input([Fault("/number", "length", "Give 1 to 80 characters.")])
        return await _refused(session, actor, held.locked, "set_docket", refusal, now)
    row = held.locked.hand_off
    ledger = Ledger(held.locked.case_id, now, why=held.why)
    ledger.add(
        "dockets",
        id=str(uuid4()),
        case_id=str(held.locked.case_id),
        hand_off_id=row["id"],
        country=held.locked.case["country"],
        agency_id=str(actor.agency_id),
        number=number.strip(),
    )
    ledger.add("marks", id=row["id"])
    ledger.log(Done.DOCKET_SET, "hand_off", row["id"], to=row["state"])
    return await _done(session, actor, held, ledger)


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
    held = await _referral(session, actor, referral_id, "add_note", said, now)
    if isinstance(held, Refusal):
        return held
    if not text.strip():
        refusal = errors.invalid_input([Fault("/note", "missing", "Write the note first.")])
        return await _refused(session, actor, held.locked, "add_note", refusal, now)
    ledger = Ledger(held.locked.case_id, now, why=held.why)
    note = ledger.note(held.keys[held.locked.case_id], "note", text, actor)
    ledger.log(Done.NOTE_ADDED, "case", held.locked.case_id, note=str(note))
    return await _done(session, actor, held, ledger)


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
    held = await _referral(session, actor, referral_id, "record_event", said, now)
    if isinstance(held, Refusal):
        return held
    ledger = Ledger(held.locked.case_id, now, why=held.why)
    if reached:
        ledger.case_changes["voice_contact_at"] = (said.occurred_at or now).isoformat()
    else:
        ledger.case_changes["voice_attempts"] = 1
    ledger.log(Done.VOICE_CONTACT_RECORDED, "case", held.locked.case_id, reached=reached)
    return await _done(session, actor, held, ledger)


async def _done(session: WriteSession, actor: Actor, held: Held, ledger: Ledger) -> Acted:
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


async def _hand_off(  # noqa: PLR0913 - what is asked, of what, with which words
    session: WriteSession, actor: Actor, hand_off_id: UUID, action: str, said: Said, now: datetime
) -> Held | Refusal:
    locked = await access.hand_off_for(session, hand_off_id, now)
    return await _ground(session, actor, locked, action, said, now, "hand_off", hand_off_id)


async def _referral(  # noqa: PLR0913 - as above
    session: WriteSession, actor: Actor, referral_id: UUID, action: str, said: Said, now: datetime
) -> Held | Refusal:
    locked = await access.referral_for(session, referral_id, now)
    return await _ground(session, actor, locked, action, said, now, "referral", referral_id)


async def _ground(  # noqa: PLR0913 - as above
    session: WriteSession,
    actor: Actor,
    locked: Locked | None,
    action: str,
    said: Said,
    now: datetime,
    object_type: str,
    object_id: UUID,
) -> Held | Refusal:
    if locked is None:
        return await refuse(
            session,
            actor,
            errors.not_found(),
            act=action,
            object_type=object_type,
            object_id=object_id,
            now=now,
        )
    verdict = access.check(actor, locked, action, reason=said.reason or said.note, now=now)
    if not isinstance(verdict, Refusal):
        faults = occurred_faults(said.occurred_at, now)
        refusal = errors.invalid_input(faults) if faults else None
        if refusal is None and locked.hand_off_id is not None:
            refusal = _hand_off_version(locked, said)
        if refusal is None:
            return Held(locked, verdict.why, keys_of(session, locked.keys))
        verdict = refusal
    return await _refused(session, actor, locked, action, verdict, now)


async def _refused(  # noqa: PLR0913 - as above
    session: WriteSession,
    actor: Actor,
    locked: Locked,
    act: str,
    refusal: Refusal,
    now: datetime,
) -> Refusal:
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


def _version(locked: Locked, said: Said) -> Refusal | None:
    if said.version is not None and said.version != locked.case["version"]:
        return errors.version_conflict(locked.case["version"])
    return None


def _hand_off_version(locked: Locked, said: Said) -> Refusal | None:
    if said.version is not None and said.version != locked.hand_off["version"]:
        return errors.version_conflict(locked.hand_off["version"])
    return None
