"""Clocks of a decision: started, stopped, moved to their next rung."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID, uuid4

from protocols.decision import (
    AdvanceClock,
    ClockState,
    Decision,
    StartClock,
    StopClock,
)
from referral.audit.ledger import Ledger
from referral.casework.recipients import Subject


def clocks_by_hand_off(decision: Decision) -> dict[str, StartClock]:
    """The first limit of each new hand-off: what lists show as due."""
    found: dict[str, StartClock] = {}
    for clock in decision.all(StartClock):
        if clock.hand_off is not None:
            earlier = found.get(clock.hand_off)
            if earlier is None or clock.due_at < earlier.due_at:
                found[clock.hand_off] = clock
    return found


def start(
    ledger: Ledger, subject: Subject, item: StartClock, ids: Mapping[str, UUID | None]
) -> None:
    """A limit begins to run, for a hand-off or for the referral itself."""
    hand_off = ids.get(item.hand_off, item.hand_off) if item.hand_off else None
    rungs = [
        {"at": rung.at.isoformat(), "kind": rung.kind.value, "to": rung.to} for rung in item.rungs
    ]
    ledger.add(
        "clocks",
        id=str(uuid4()),
        hand_off_id=str(hand_off) if hand_off else None,
        referral_id=str(subject.referral_id),
        case_id=str(subject.case_id),
        country=subject.country,
        clock=item.clock,
        step=item.step,
        starts_at=item.starts_at.isoformat(),
        due_at=item.due_at.isoformat(),
        state=ClockState.RUNNING.value,
        rung=0,
        rungs=rungs,
        next_at=rungs[0]["at"] if rungs else None,
        immediate=item.immediate,
        basis=item.basis.value,
        derivation=list(item.derivation),
        calendar=item.calendar,
        sources=list(item.reason.sources),
        extensions=0,
    )


def stop(ledger: Ledger, subject: Subject, item: StopClock) -> None:
    """A clock was met, or no longer matters."""
    ledger.add(
        "clock_moves",
        id=item.clock,
        state=item.to.value,
        rung=subject.clocks[item.clock]["rung"],
        next_at=None,
        stopped_at=item.at.isoformat(),
    )


def advance(ledger: Ledger, subject: Subject, item: AdvanceClock) -> None:
    """A rung has fired: the next one waits, or the ladder is spent."""
    rungs = subject.clocks[item.clock]["rungs"]
    ledger.add(
        "clock_moves",
        id=item.clock,
        state=item.state.value,
        rung=item.rung,
        next_at=rungs[item.rung]["at"] if item.rung < len(rungs) else None,
        stopped_at=None,
    )
