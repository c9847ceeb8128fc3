"""Facts learned later: put to the engine again, and each kept in the table of its own group."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import orjson

from protocols import engine, screening
from protocols.decision import Refused
from protocols.facts import Facts, Group
from protocols.lifecycle import State
from protocols.vocabulary import load_vocabulary
from referral import errors
from referral.access.standing import Locked
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
from referral.casework.hand_offs import not_allowed
from referral.casework.intake import findings_of
from referral.casework.records import follow
from referral.casework.run import facts_of, protocol_of, run_of
from referral.casework.said import NOTHING_SAID, Said
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
        return await refuse_there(session, actor, locked, "amend", refusal, now)
    ledger = Ledger(locked.case_id, now, why=held.why)
    ledger.log(Done.CASE_AMENDED, "case", locked.case_id, facts=sorted(changes))
    _keep_facts(session, ledger, held, before, after)
    _keep_findings(ledger, locked, actor, findings)
    return await follow(session, actor, held, ledger, decision)


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


def _keep_findings(ledger: Ledger, locked: Locked, actor: Actor, findings: Any) -> None:
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
    ledger.change_referral(locked.referral_id, results=[list(pair) for pair in findings.results])
