"""A person knows better than the screening: another result, with a reason, beside the engine's own.

1. The engine's result is never written over (standards 3.1); only a human changes it, and says why.
2. Routing reads an override only where it raises: new steps and tracks open. A lower result is kept
   and shown, and takes nothing back that was asked for a person's protection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from protocols import engine, screening
from protocols.decision import Decision, Refused
from referral import errors
from referral.audit import Done
from referral.audit.ledger import Ledger, sealed
from referral.casework.answers import Acted
from referral.casework.ground import Held, referral_ground, refuse_there, version_conflict
from referral.casework.records import follow
from referral.casework.rejoining import joined
from referral.casework.routing import route
from referral.casework.run import facts_of, protocol_of, run_of
from referral.casework.said import Said
from referral.database import as_json
from referral.errors import Fault, Refusal
from referral.session import Actor, WriteSession

TOPICS, RESULTS = ("CL", "FL", "HT"), ("indicated", "possible", "not_indicated")
Results = tuple[tuple[str, str], ...]


async def override_screening(
    session: WriteSession,
    actor: Actor,
    referral_id: UUID,
    topic: str,
    result: str,
    said: Said,
    *,
    now: datetime,
) -> Acted | Refusal:
    """Record another result of one topic for this referral's person; the reason is sealed."""
    held = await referral_ground(session, actor, referral_id, "override_screening", said, now)
    if isinstance(held, Refusal):
        return held
    locked = held.locked
    standing = dict(locked.referral["results"])
    refused = _faults(topic, result, standing) or version_conflict(locked, said)
    if refused is None and locked.referral["state"] != "open":
        explanation = "The referral is closed: file a new one."
        refused = errors.not_allowed_now("closed", "override_screening", [], explanation)
    if refused is not None:
        return await refuse_there(session, actor, locked, "override_screening", refused, now)
    ledger = Ledger(locked.case_id, now, why=held.why)
    _keep(ledger, held, actor, topic, result, standing.get(topic, "insufficient"), said)
    raised = _raised(tuple(standing.items()), [(topic, result)])
    if raised == tuple(standing.items()):
        return await follow(session, actor, held, ledger, Decision(()))
    return await _routed(session, actor, held, ledger, raised, now)


def _faults(topic: str, result: str, standing: Mapping[str, str]) -> Refusal | None:
    found = []
    if topic not in TOPICS:
        found.append(Fault("/topic", "unknown", f"Choose one of: {', '.join(TOPICS)}."))
    if result not in RESULTS:
        found.append(Fault("/result", "unknown", f"Choose one of: {', '.join(RESULTS)}."))
    elif standing.get(topic) == result:
        found.append(Fault("/result", "same", "This is what stands already."))
    return errors.invalid_input(found) if found else None


async def _routed(
    session: WriteSession,
    actor: Actor,
    held: Held,
    ledger: Ledger,
    raised: Results,
    now: datetime,
) -> Acted | Refusal:
    """What follows from a higher result: steps of this track, and tracks that now apply."""
    locked, facts = held.locked, facts_of(held.locked, held.keys)
    found = screening.screen(session.catalogue.country(actor.country).parameters, facts)
    urgency = locked.case["urgency"]
    decision = engine.amend(
        protocol_of(session, locked),
        run_of(locked, facts),
        facts,
        now,
        results=raised,
        urgency=urgency,
    )
    if isinstance(decision, Refused):
        refusal = errors.not_allowed_now(
            locked.referral["state"], "override_screening", [], decision.explanation
        )
        return await refuse_there(session, actor, locked, "override_screening", refusal, now)
    ledger.change_referral(locked.referral_id, results=[list(pair) for pair in raised])
    dossier = joined(session, held, actor, ledger)
    person = UUID(locked.referral["person_id"])
    mandates = frozenset(locked.holder_mandates)
    route(session, dossier, person, facts, found, mandates, locked.tracks, results=raised)
    return await follow(session, actor, held, ledger, decision, more=dossier.decided)


def _keep(
    ledger: Ledger, held: Held, actor: Actor, topic: str, result: str, engines: str, said: Said
) -> None:
    override, key = uuid4(), held.keys[held.locked.case_id]
    words = (said.reason or said.note or "").encode()
    ledger.add(
        "overrides",
        id=str(override),
        case_id=str(held.locked.case_id),
        person_id=held.locked.referral["person_id"],
        referral_id=str(held.locked.referral_id),
        country=actor.country,
        topic=topic,
        engine=engines,
        result=result,
        at=ledger.at.isoformat(),
        by_unit=str(actor.unit_id),
        by_member=str(actor.id),
        key_version=key.version,
        reason=sealed(key, words, room="screening_override", column="reason", row=override),
    )
    ledger.log(
        Done.SCREENING_OVERRIDDEN, "screening", override, topic=topic, engine=engines, result=result
    )


async def with_overrides(session: WriteSession, person_id: UUID, results: Results) -> Results:
    """What the engine says now, raised where a person had raised it before."""
    told = await as_json(
        session.connection,
        "SELECT coalesce(jsonb_agg(jsonb_build_array(o.topic, o.result) ORDER BY o.topic), '[]') "
        "FROM (SELECT DISTINCT ON (topic) * FROM referral.screening_override "
        "WHERE person_id = $1 ORDER BY topic, at DESC, id) o",
        person_id,
    )
    return _raised(results, [(topic, result) for topic, result in told])


def _raised(results: Results, overrides: Sequence[tuple[str, str]]) -> Results:
    """Never lower than the engine says."""
    found: dict[str, Any] = dict(results)
    for topic, result in overrides:
        if _rank(result) > _rank(found.get(topic, "")):
            found[topic] = result
    return tuple(found.items())


def _rank(result: str) -> int:
    order = ("insufficient", "not_indicated", "possible", "indicated")
    return order.index(result) if result in order else -1
