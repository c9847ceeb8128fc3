"""A panel decides: about a step the holder keeps, or at the end of a hand-off its unit took on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from protocols import engine
from protocols.decision import RecordEvent, Refused
from referral import errors
from referral.audit.ledger import Ledger
from referral.casework import carrying
from referral.casework.answers import Acted
from referral.casework.ground import Held, referral_ground, refuse_there, version_conflict
from referral.casework.hand_offs import complete_by_panel
from referral.casework.panels import Sitting
from referral.casework.recipients import subject_of
from referral.casework.records import follow
from referral.casework.run import facts_of, protocol_of, run_of
from referral.casework.said import NOTHING_SAID, Said
from referral.errors import Refusal
from referral.session import Actor, WriteSession


async def decide_panel(
    session: WriteSession,
    actor: Actor,
    referral_id: UUID,
    sitting: Sitting,
    said: Said = NOTHING_SAID,
    *,
    hand_off_id: UUID | None = None,
    now: datetime,
) -> Acted | Refusal:
    """Record what a panel decided; refused, with the rule, before its quorum has met.

    ``hand_off_id``: the hand-off that ends with this outcome, where the step is one.
    """
    if hand_off_id is not None:
        return await complete_by_panel(session, actor, hand_off_id, sitting, said, now=now)
    held = await referral_ground(session, actor, referral_id, "decide_panel", said, now)
    if isinstance(held, Refusal):
        return held
    faults = sitting.faults(now) or await sitting.strangers(session, actor, now)
    refused = errors.invalid_input(faults) if faults else version_conflict(held.locked, said)
    if refused is not None:
        return await refuse_there(session, actor, held.locked, "decide_panel", refused, now)
    return await _recorded(session, actor, held, sitting, now)


async def _recorded(
    session: WriteSession, actor: Actor, held: Held, sitting: Sitting, now: datetime
) -> Acted | Refusal:
    locked, protocol = held.locked, protocol_of(session, held.locked)
    happened = sitting.occurred_at or now
    event = f"{sitting.step} {sitting.outcome}"
    run = run_of(locked, facts_of(locked, held.keys))
    decision = engine.record(protocol, run, event, happened, panel=sitting.vote)
    if isinstance(decision, Refused):
        refusal = errors.not_allowed_now(
            locked.referral["state"],
            "decide_panel",
            [],
            f"{decision.explanation} Nothing was changed.",
        )
        refusal = replace(refusal, extra={**refusal.extra, "rule": decision.rule})
        return await refuse_there(session, actor, locked, "decide_panel", refusal, now)
    ledger = Ledger(locked.case_id, now, why=held.why)
    if event not in {item.event for item in decision.all(RecordEvent)}:
        carrying.record_event(ledger, subject_of(locked, actor), event, happened, actor)
    sitting.keep(ledger, locked, actor, held.keys[locked.case_id], protocol)
    return await follow(session, actor, held, ledger, decision, happened)
