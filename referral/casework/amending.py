"""Facts learned later: put to the engine again, and each kept in the table of its own group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import orjson

from protocols import engine, screening
from protocols.decision import (
    ClockState,
    CloseReferral,
    Decision,
    MoveHandOff,
    Reason,
    Refused,
    StopClock,
)
from protocols.facts import Facts, Group
from protocols.lifecycle import Act, State
from protocols.vocabulary import load_vocabulary
from referral import errors
from referral.access.standing import Locked, moment
from referral.audit import Done
from referral.audit.ledger import Ledger, sealed
from referral.audit.streams import keep_key
from referral.casework.answers import Acted
from referral.casework.ground import (
    Held,
    referral_ground,
    refuse_there,
    version_conflict,
)
from referral.casework.intake import PersonTold
from referral.casework.overriding import with_overrides
from referral.casework.persons import keep_persons
from referral.casework.records import follow
from referral.casework.rejoining import intake_of, joined
from referral.casework.routing import keep_findings, route
from referral.casework.run import facts_of, protocol_of, run_of
from referral.casework.said import NOTHING_SAID, Said
from referral.casework.understanding import understand
from referral.errors import Fault, Refusal
from referral.session import Actor, WriteSession

_HIDDEN = {
    Group.IDENTITY: ("identities", "person_identity"),
    Group.SAFETY: ("safeties", "person_safety"),
    Group.NARRATIVE: ("narratives", "person_narrative"),
}


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
    held = await referral_ground(session, actor, referral_id, "amend", said, now)
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
        refused = version_conflict(locked, said)
    if refused is not None or not isinstance(after, Facts):
        return await refuse_there(
            session, actor, locked, "amend", refused or errors.not_found(), now
        )
    findings = screening.screen(session.catalogue.country(actor.country).parameters, after)
    person = UUID(locked.referral["person_id"])
    results = await with_overrides(session, person, findings.results)
    decision = engine.amend(
        protocol_of(session, locked),
        run_of(locked, before),
        after,
        now,
        results=results,
        urgency=findings.urgency.value,
    )
    if isinstance(decision, Refused):
        refusal = errors.not_allowed_now(
            locked.referral["state"], "amend", [], decision.explanation
        )
        return await refuse_there(session, actor, locked, "amend", refusal, now)
    ledger = Ledger(locked.case_id, now, why=held.why)
    ledger.log(Done.CASE_AMENDED, "case", locked.case_id, facts=sorted(changes))
    _keep_facts(session, ledger, held, before, after)
    dossier = joined(session, held, actor, ledger)
    keep_findings(dossier, person, locked.person["number"], findings)
    ledger.change_referral(locked.referral_id, results=[list(pair) for pair in results])
    mandates = frozenset(locked.holder_mandates)
    route(session, dossier, person, after, findings, mandates, locked.tracks, results=results)
    if dossier.urgency != locked.case["urgency"]:
        ledger.case_changes["urgency"] = dossier.urgency
    return await follow(session, actor, held, ledger, decision, more=dossier.decided)


async def identify(
    session: WriteSession,
    actor: Actor,
    referral_id: UUID,
    persons: Sequence[PersonTold],
    said: Said = NOTHING_SAID,
    *,
    now: datetime,
) -> Acted | Refusal:
    """Persons of a placeholder ("about n, not yet identified") become persons of their own.

    Each is screened and routed for herself, held by the unit that holds the placeholder. When
    nobody is left unidentified, the placeholder's referral closes and what nobody had accepted
    for it is taken back.
    """
    held = await referral_ground(session, actor, referral_id, "amend", said, now)
    if isinstance(held, Refusal):
        return held
    locked = held.locked
    intake = replace(intake_of(locked), persons=tuple(persons))
    understood = understand(intake, load_vocabulary(), now)
    refusal = _not_identifiable(locked, persons) or (
        understood if isinstance(understood, Refusal) else version_conflict(locked, said)
    )
    if refusal is not None or isinstance(understood, Refusal):
        problem = refusal or errors.not_found()
        return await refuse_there(session, actor, locked, "amend", problem, now)
    ledger = Ledger(locked.case_id, now, why=held.why)
    ledger.log(Done.CASE_AMENDED, "case", locked.case_id, identified=len(persons))
    dossier = joined(session, held, actor, ledger)
    keep_persons(session, dossier, understood[1], frozenset(locked.holder_mandates))
    left = locked.person["headcount"] - len(persons)
    _shrink(ledger, locked, max(left, 1))
    decision = Decision(()) if left > 0 else _emptied(locked)
    return await follow(session, actor, held, ledger, decision, more=dossier.decided)


def _not_identifiable(locked: Locked, persons: Sequence[PersonTold]) -> Refusal | None:
    if not persons or any(person.role != "concerned" for person in persons):
        message = "Give the persons concerned who are now known, at least one."
        return errors.invalid_input([Fault("/persons", "missing", message)])
    if locked.person["identified"] or locked.referral["state"] != "open":
        return errors.not_allowed_now(
            locked.referral["state"],
            "identify",
            [],
            "This referral is about one known person, or is closed: file her as a case of her own.",
        )
    return None


def _shrink(ledger: Ledger, locked: Locked, headcount: int) -> None:
    ledger.add(
        "persons",
        id=locked.referral["person_id"],
        case_id=str(locked.case_id),
        country=locked.case["country"],
        number=locked.person["number"],
        role="concerned",
        identified=False,
        headcount=headcount,
    )


def _emptied(locked: Locked) -> Decision:
    """Nobody is left in the placeholder: everybody has a referral of her own."""
    reason = Reason("identified", "everybody is known by now")
    waiting = [
        MoveHandOff(
            row["id"],
            Act.CANCEL,
            State(row["state"]),
            State.CANCELLED,
            reason,
            "NO_LONGER_NEEDED",
        )
        for row in locked.hand_offs
        if row["state"] in {"requested", "received"} and not row["imported"]
    ]
    running = [
        StopClock(clock["id"], moment(locked.case["filed_at"]), ClockState.STOPPED, reason)
        for clock in locked.clocks
    ]
    return Decision((*waiting, *running, CloseReferral("ONWARD_REFERRAL_MADE", reason)))


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


def _keep_hidden(
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
