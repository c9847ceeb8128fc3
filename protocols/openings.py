"""Opening steps: who is asked, who is not and why, and who comes next.

1. Unknown opens, only false withholds; what is unknown is listed as needed.
2. An excluded mandate is never asked, at no place of the order; the rule is written down.
3. Nobody is asked to hand something to itself: whoever holds the person keeps the step.
4. A mandate is asked at most once in one opening of a step.
"""

from __future__ import annotations

from collections.abc import Iterable

from protocols.conditions import World, missing
from protocols.decision import HandOffState, HoldStep, OpenHandOff, Reason, Withheld
from protocols.law import FILER, HOLDER, ROLES, Asking, Level, Step
from protocols.lifecycle import Act, Kind, State
from protocols.moves import WAITING, move
from protocols.protocol import Protocol
from protocols.walk import Walk


def open_step(
    walk: Walk, step: Step, rule: str, cause: str | None = None, *, again: bool = False
) -> None:
    """Open a step if it is its turn and its condition is not false."""
    opening = _next_opening(walk, step, again=again)
    if opening is None or (walk.closed and step.kind is not Kind.NOTICE):
        return
    holds = step.when.holds(walk.world)
    if holds is False:
        for mandate in step.ask:
            if mandate not in ROLES:
                walk.add(Withheld(mandate, Reason(step.id, "its condition is false", step.sources)))
        return
    reason = Reason(step.id, rule, step.sources)
    if holds is None:
        walk.need(missing(step.when, walk.world), reason)
    first = tuple(mandate for mandate in step.ask if not excluded(walk, step, mandate))
    if _tells_itself(walk, step, cause):
        walk.add(Withheld(step.ask[0], Reason(step.id, "it is its own act", step.sources)))
    elif not first:
        ask_next(walk, step, opening, rule)
    elif step.asking is Asking.ALL_OF:
        for mandate in first:
            _ask_or_keep(walk, step, (mandate,), opening, reason, cause)
    else:
        _ask_or_keep(walk, step, first, opening, reason, cause)


def ask_next(
    walk: Walk, step: Step, opening: int, rule: str, *, replaces: str | None = None
) -> bool:
    """Ask the next mandate of the order that was not asked in this opening; False if none is."""
    asked = {
        one.mandate
        for one in walk.hand_offs.values()
        if one.step == step.id and one.opening == opening
    }
    for mandate in step.order:
        if mandate in asked or mandate == HOLDER or excluded(walk, step, mandate):
            continue
        reason = Reason(step.id, rule, step.sources)
        _ask_or_keep(walk, step, (mandate,), opening, reason, replaces, replaces=replaces)
        return True
    return False


def ask_last(walk: Walk, step: Step, opening: int, rule: str, replaces: str) -> None:
    """Go straight to the body that may not decline, if the step has one and it was not asked."""
    if step.last is None or any(
        one.step == step.id and one.opening == opening and one.mandate == step.last
        for one in walk.hand_offs.values()
    ):
        return
    reason = Reason(step.id, rule, step.sources)
    _ask_or_keep(walk, step, (step.last,), opening, reason, replaces, replaces=replaces)


def excluded(walk: Walk, step: Step, mandate: str) -> bool:
    """Whether a rule forbids this recipient; the rule, or the fact it lacks, is written down."""
    for exclusion in walk.protocol.index.excluding.get(mandate, ()):
        holds = exclusion.when.holds(walk.world)
        reason = Reason(step.id, f"exclusion {exclusion.id}", exclusion.sources)
        if holds is None:
            walk.need(missing(exclusion.when, walk.world), reason)
        if holds or (holds is None and exclusion.unknown_excludes):
            walk.add(Withheld(mandate, reason))
            return True
    return False


def barred(protocol: Protocol, step: Step, world: World) -> bool:
    """Whether these facts keep the step shut: its condition, or everybody it could ask."""
    if step.when.holds(world) is False:
        return True
    return all(shut_out(protocol, mandate, world) for mandate in step.order)


def shut_out(protocol: Protocol, mandate: str, world: World) -> bool:
    """Whether a rule forbids this mandate with these facts; nothing is written down."""
    for exclusion in protocol.index.excluding.get(mandate, ()):
        holds = exclusion.when.holds(world)
        if holds or (holds is None and exclusion.unknown_excludes):
            return True
    return False


def live(walk: Walk, step: str) -> bool:
    """Whether somebody still has this step in hand, or the holder keeps it unfinished."""
    if f"{step} held" in walk.events and f"{step} completed" not in walk.events:
        return True
    return live_in(walk.hand_offs.values(), step)


def live_in(hand_offs: Iterable[HandOffState], step: str) -> bool:
    """Whether one of these hand-offs of this step is not ended."""
    return any(one.step == step and not one.state.terminal for one in hand_offs)


def _tells_itself(walk: Walk, step: Step, cause: str | None) -> bool:
    """Nobody is given notice of what it has itself just done."""
    if cause is None or step.kind is not Kind.NOTICE:
        return False
    return step.ask == (walk.hand_offs[cause].mandate,)


def _next_opening(walk: Walk, step: Step, *, again: bool) -> int | None:
    if live(walk, step.id):
        return None
    openings = [one.opening for one in walk.hand_offs.values() if one.step == step.id]
    done = max(openings, default=1 if f"{step.id} held" in walk.events else 0)
    return done + 1 if again or done < step.repeat else None


def _ask_or_keep(
    walk: Walk,
    step: Step,
    mandates: tuple[str, ...],
    opening: int,
    reason: Reason,
    cause: str | None,
    *,
    replaces: str | None = None,
) -> None:
    """Ask these mandates together, unless the holder is one of them."""
    if any(_holds(walk, step, mandate) for mandate in mandates):
        _keep(walk, step, reason, cause)
        return
    rivals = f"{step.id}/{opening}" if len(mandates) > 1 else None
    for mandate in mandates:
        _ask(walk, step, mandate, opening, reason, rivals, replaces)


def _holds(walk: Walk, step: Step, mandate: str) -> bool:
    if mandate == HOLDER:
        return True
    if step.level is Level.HOME:  # the same mandate, but elsewhere
        return False
    if mandate == FILER:  # nobody has accepted yet: the filer holds
        return walk.custody is None
    return mandate in walk.holder_mandates


def _keep(walk: Walk, step: Step, reason: Reason, cause: str | None) -> None:
    """The holder is the recipient: it keeps the person, and nobody else is needed for custody."""
    walk.add(HoldStep(step.id, reason))
    if step.kind is Kind.CUSTODY:
        for rival in tuple(walk.hand_offs.values()):
            if rival.kind is Kind.CUSTODY and rival.state in WAITING:
                move(walk, rival.id, Act.CANCEL, reason, "SUPERSEDED")
    walk.record(f"{step.id} held", reason)
    for word in ("opened", "kept", "accepted"):
        walk.fire(f"{step.id} {word}", cause)
    if step.kind is Kind.NOTICE:  # told, by being the one who knows
        walk.record(f"{step.id} completed", reason)
        walk.fire(f"{step.id} completed", cause)


def _ask(
    walk: Walk,
    step: Step,
    mandate: str,
    opening: int,
    reason: Reason,
    rivals: str | None,
    replaces: str | None,
) -> None:
    key = f"{step.id}/{opening}/{mandate}"
    last = mandate == step.last
    walk.items.append(
        OpenHandOff(
            key=key,
            step=step.id,
            kind=step.kind,
            mandate=mandate,
            reason=reason,
            opening=opening,
            rivals=rivals,
            travels=step.travels,
            excluding=walk.excluding,
            national=last or step.level is Level.NATIONAL,
            home=step.level is Level.HOME and not last,
            no_decline=last,
            lead=step.lead,
            replaces=replaces,
        )
    )
    walk.hand_offs[key] = HandOffState(key, step.id, step.kind, mandate, State.REQUESTED, opening)
    walk.fire(f"{step.id} opened", key)
