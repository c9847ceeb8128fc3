"""What each act and each amendment sets going, apart from acceptance (which ``engine`` shows).

A decline goes where the step's table says; a failure or cancellation after acceptance leaves the
receiver holding and opens what the step names; completion carries its outcome to whatever follows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from protocols import limits, openings
from protocols.conditions import World
from protocols.decision import ClockState, HandOffState, Reason, RunningClock
from protocols.law import FILING, TRIAGE, Asking, Clock, Route, Step
from protocols.lifecycle import Act, Kind, Party, State
from protocols.moves import WAITING, move
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


def carry(walk: Walk, doing: Doing) -> None:
    """Move the hand-off and set going what follows."""
    found = doing.hand_off
    step = walk.protocol.steps[found.step]
    word = PAST.get(doing.act, doing.act.value)
    rule = f"{word}: {doing.reason_code}" if doing.reason_code else word
    move(walk, found.id, doing.act, Reason(step.id, rule, step.sources), doing.reason_code)
    if doing.act not in PAST or _former(walk, found):
        return
    # The act itself first: clocks of this hand-off hear of it even when it has just ended.
    walk.fire(f"{step.id} {word}", found.id)
    if doing.act is Act.DECLINE:
        _route(walk, step, found, step.declines.get(doing.reason_code or "", Route.NEXT), rule)
    elif doing.act is Act.COMPLETE:
        _complete(walk, step, found, doing.outcome)
    elif doing.act is Act.FAIL or (doing.act is Act.CANCEL and found.state.answered):
        _route(walk, step, found, step.if_failed, rule)
    elif doing.act is Act.CANCEL and doing.reason_code == "SENT_TO_WRONG_AGENCY":
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
    """Where a declined, failed or wrongly sent hand-off goes."""
    if route == Route.SENDER:
        _give_up(walk, step, found, rule)
    elif route == Route.LAST:
        openings.ask_last(walk, step, found.opening, rule, found.id)
    elif route != Route.NEXT:
        openings.open_step(walk, walk.protocol.steps[route], f"{step.id} {rule}", found.id)
    elif not _others_waiting(walk, found):
        asked = openings.ask_next(walk, step, found.opening, rule, replaces=found.id)
        if not asked:
            _give_up(walk, step, found, rule)


def _give_up(walk: Walk, step: Step, found: HandOffState, rule: str) -> None:
    """Nobody is left to ask: the sender keeps the person and what the step names follows."""
    walk.record(f"{step.id} refused", Reason(step.id, rule, step.sources))
    walk.fire(f"{step.id} refused", found.id)


def _others_waiting(walk: Walk, found: HandOffState) -> bool:
    step = walk.protocol.steps[found.step]
    return step.asking is not Asking.ALL_OF and any(
        other.id != found.id
        and (other.step, other.opening) == (found.step, found.opening)
        and other.state in WAITING
        for other in walk.hand_offs.values()
    )


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


# --- amendments ---------------------------------------------------------------------------------


def read_again(walk: Walk, old: World) -> None:
    """Open what no longer is false, close what has become false and nobody accepted."""
    for found in tuple(walk.hand_offs.values()):
        if found.state in WAITING:
            _still_needed(walk, walk.protocol.steps[found.step], found)
    if TRIAGE in walk.events and FILING not in walk.events and _now_applies(walk):
        reason = Reason(FILING, "applies", walk.protocol.applies.sources)
        walk.record(FILING, reason)
        walk.fire(FILING)
    for step in walk.protocol.steps.values():
        opened = _opened(walk, step)
        if openings.barred(walk.protocol, step, walk.world) or (
            opened and not openings.barred(walk.protocol, step, old)
        ):
            continue
        trigger = next((word for word in step.follows if _happened(walk, word)), None)
        if trigger is not None:
            rule = f"follows {trigger}, read again"
            openings.open_step(walk, step, rule, again=opened)
    _clocks_again(walk)


def _happened(walk: Walk, trigger: str) -> bool:
    return happened(trigger, walk.events, walk.hand_offs.values())


def _now_applies(walk: Walk) -> bool:
    return walk.protocol.applies.when.holds(walk.world) is True


def _still_needed(walk: Walk, step: Step, found: HandOffState) -> None:
    if step.when.holds(walk.world) is False:
        reason = Reason(step.id, "its condition has become false", step.sources)
        move(walk, found.id, Act.CANCEL, reason, "NO_LONGER_NEEDED")
    elif openings.shut_out(walk.protocol, found.mandate, walk.world):
        openings.excluded(walk, step, found.mandate)  # the rule is written down
        reason = Reason(step.id, "its recipient is now excluded", step.sources)
        move(walk, found.id, Act.CANCEL, reason, "NO_LONGER_NEEDED")
        if not _others_waiting(walk, found):
            openings.ask_next(walk, step, found.opening, reason.rule, replaces=found.id)


def _opened(walk: Walk, step: Step) -> bool:
    held = f"{step.id} held" in walk.events
    return held or any(one.step == step.id for one in walk.hand_offs.values())


def happened(trigger: str, events: Collection[str], hand_offs: Iterable[HandOffState]) -> bool:
    """Whether this trigger has occurred, given what is recorded and where the hand-offs stand."""
    if trigger in events:
        return True
    name, _, word = trigger.partition(" ")
    if word in {"opened", "kept", "accepted"} and f"{name} held" in events:
        return True
    return any(one.step == name and _reached(one, word) for one in hand_offs)


def _reached(found: HandOffState, word: str) -> bool:
    accepted = found.state.answered or found.state in {State.COMPLETED, State.FAILED}
    return {
        "opened": True,
        "acknowledged": accepted or found.state is State.RECEIVED,
        "accepted": accepted and found.kind is not Kind.NOTICE,
        "declined": found.state is State.REJECTED,
        "completed": found.state is State.COMPLETED,
        "failed": found.state is State.FAILED,
        "cancelled": found.state is State.CANCELLED,
    }.get(word, found.outcome == word)


def _clocks_again(walk: Walk) -> None:
    """A limit whose condition changed (an emergency, no longer one) begins or ends."""
    for clock in walk.protocol.clocks.values():
        mine = [one for one in walk.clocks.values() if one.clock == clock.id]
        if clock.when.holds(walk.world) is False:
            _end_all(walk, clock, mine)
        elif f"{clock.step} opened" in clock.start:
            _start_missing(walk, clock, {one.hand_off for one in mine})


def _end_all(walk: Walk, clock: Clock, mine: Iterable[RunningClock]) -> None:
    reason = Reason(clock.step, "its condition has become false", clock.sources)
    for running in mine:
        if running.state is ClockState.RUNNING:
            limits.end(walk, running, reason)


def _start_missing(walk: Walk, clock: Clock, known: Collection[str | None]) -> None:
    """For hand-offs that were open before; those opened just now start their own clocks."""
    for before in walk.run.hand_offs:
        found = walk.hand_offs[before.id]
        if found.step == clock.step and found.state in WAITING and found.id not in known:
            limits.start(walk, clock, f"{clock.step} opened", found.id)
