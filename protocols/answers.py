"""What each act sets going, apart from acceptance (which ``engine`` shows).

A decline goes where the step's table says; a failure or cancellation after acceptance leaves the
receiver holding and opens what the step names; completion carries its outcome to whatever follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from protocols import limits, openings
from protocols.decision import ClockState, HandOffState, PanelVote, Reason
from protocols.law import Asking, Route, Step
from protocols.lifecycle import Act, Kind, Party
from protocols.moves import WAITING, move
from protocols.protocol import Protocol
from protocols.rungs import RungKind
from protocols.walk import Walk

# The word of each act in a trigger.
PAST = {
    Act.ACKNOWLEDGE: "acknowledged",
    Act.DECLINE: "declined",
    Act.START: "started",
    Act.COMPLETE: "completed",
    Act.FAIL: "failed",
    Act.CANCEL: "cancelled",
}


@dataclass(frozen=True, slots=True)
class Doing:
    """One act somebody wants to do: on which hand-off, as whom, why, with which outcome, when."""

    hand_off: HandOffState
    act: Act
    party: Party
    at: datetime
    reason_code: str | None = None
    outcome: str | None = None
    occurred_at: datetime | None = None
    panel: PanelVote | None = None


def carry(walk: Walk, doing: Doing) -> None:
    """Move the hand-off and set going what follows."""
    found = doing.hand_off
    step = walk.protocol.steps[found.step]
    word = PAST.get(doing.act, doing.act.value)
    said = doing.reason_code or doing.panel
    rule = f"{word}: {said}" if said else word
    move(walk, found.id, doing.act, Reason(step.id, rule, step.sources), doing.reason_code)
    if doing.act not in PAST or _former(walk, found):
        if doing.act is Act.VOID and _beside_a_silent_one(walk, step, found):
            _route(walk, step, found, Route.NEXT, rule)
        return
    # The act itself first: clocks of this hand-off hear of it even when it has just ended.
    walk.fire(f"{step.id} {word}", found.id)
    if doing.act is Act.DECLINE:
        _route(walk, step, found, step.declines.get(doing.reason_code or "", Route.NEXT), rule)
    elif doing.act is Act.COMPLETE:
        _complete(walk, step, found, doing.outcome)
    elif doing.act is Act.FAIL or (doing.act is Act.CANCEL and found.state.answered):
        _route(walk, step, found, step.if_failed, rule)
    elif doing.act is Act.CANCEL and (
        doing.reason_code == "SENT_TO_WRONG_AGENCY" or _beside_a_silent_one(walk, step, found)
    ):
        _route(walk, step, found, Route.NEXT, rule)


def is_rival(walk: Walk, accepted: HandOffState, other: HandOffState) -> bool:
    """Whether accepting one closes the other: open custody, or the same ``any_of``."""
    if other.state not in WAITING:
        return False
    if accepted.kind is Kind.CUSTODY and other.kind is Kind.CUSTODY:
        return True
    step = walk.protocol.steps[accepted.step]
    same = (other.step, other.opening) == (accepted.step, accepted.opening)
    return same and step.asking is not Asking.ALL_OF


def _former(walk: Walk, found: HandOffState) -> bool:
    """Accepted once, but somebody else holds the person now."""
    return (
        found.kind is Kind.CUSTODY
        and found.state.answered
        and walk.custody is not None
        and walk.custody != found.id
    )


def _route(walk: Walk, step: Step, found: HandOffState, route: str, rule: str) -> None:
    """Where a declined, failed or wrongly sent hand-off goes; after closing, nowhere."""
    if walk.closed:
        return  # whoever holds the person stays holder of record
    if route == Route.SENDER:
        _give_up(walk, step, found, rule)
    elif route == Route.LAST:
        openings.ask_last(walk, step, found.opening, rule, found.id)
    elif route != Route.NEXT:
        openings.open_step(walk, walk.protocol.steps[route], f"{step.id} {rule}", found.id)
    elif not somebody_calls(walk, step, found):
        asked = openings.ask_next(walk, step, found.opening, rule, replaces=found.id)
        if not asked and not _others_waiting(walk, found):
            _give_up(walk, step, found, rule)


def _give_up(walk: Walk, step: Step, found: HandOffState, rule: str) -> None:
    """Nobody is left to ask: the sender keeps the person and what the step names follows."""
    walk.record(f"{step.id} refused", Reason(step.id, rule, step.sources))
    walk.fire(f"{step.id} refused", found.id)


def _beside_a_silent_one(walk: Walk, step: Step, found: HandOffState) -> bool:
    """Not answered yet, and whoever waits beside it has called for the next already."""
    waiting = found.state in WAITING and bool(_others_waiting(walk, found))
    return waiting and not somebody_calls(walk, step, found)


def somebody_calls(walk: Walk, step: Step, found: HandOffState) -> bool:
    """Whether somebody else asked in the same opening still calls for the next by being silent.

    Whoever was asked after the first comes because those were silent: they have called already.
    """
    if found.mandate not in step.ask:
        return False
    waiting = _others_waiting(walk, found)
    if not _silence_calls(walk.protocol, step):
        return bool(waiting)
    return any(_calls_by_silence(walk, one) for one in waiting)


def _silence_calls(protocol: Protocol, step: Step) -> bool:
    """Whether the step has a limit that asks the next when nobody answers."""
    return any(
        call.kind is RungKind.FALL_BACK
        for clock in protocol.index.starting.get(f"{step.id} opened", ())
        if clock.step == step.id
        for call in protocol.index.rungs[clock.id, True]
    )


def _calls_by_silence(walk: Walk, silent: HandOffState) -> bool:
    """Whether a limit will ask the next for this one, and none has: another may still be ended."""
    to_come = False
    for running in walk.clocks.values():
        if (running.hand_off, running.step) != (silent.id, silent.step):
            continue
        kinds = [rung.kind for rung in limits.rungs_of(walk.protocol, running)]
        if running.state is not ClockState.STOPPED and RungKind.FALL_BACK in kinds[: running.rung]:
            return False
        to_come |= running.state.live and RungKind.FALL_BACK in kinds[running.rung :]
    return to_come


def _others_waiting(walk: Walk, found: HandOffState) -> list[HandOffState]:
    """Whoever else was asked in the same opening and may still accept."""
    if walk.protocol.steps[found.step].asking is Asking.ALL_OF:
        return []
    return [
        other
        for other in walk.hand_offs.values()
        if other.id != found.id
        and (other.step, other.opening) == (found.step, found.opening)
        and other.state in WAITING
    ]


def _complete(walk: Walk, step: Step, found: HandOffState, outcome: str | None) -> None:
    """Carry the outcome on, also to the duties that came with this acceptance."""
    steps = [step, *_duties(walk, step, outcome)]
    for one in steps:
        reason = Reason(one.id, "completed", one.sources)
        if one is not step:
            walk.record(f"{one.id} completed", reason)
            walk.fire(f"{one.id} completed", found.id)
        if outcome is not None:
            walk.record(f"{one.id} {outcome}", reason)
            walk.fire(f"{one.id} {outcome}", found.id)


def _duties(walk: Walk, step: Step, outcome: str | None) -> tuple[Step, ...]:
    return tuple(
        duty
        for duty in walk.protocol.index.duties.get(step.id, ())
        if outcome in duty.outcomes and openings.live(walk, duty.id)
    )
