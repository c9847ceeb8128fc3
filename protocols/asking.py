"""Asking mandates for a step, or letting the holder keep it.

Nobody is asked to hand something to itself: whoever holds the person keeps the step, and what
follows acceptance follows. Whether it is the step's turn is ``openings``' business.
"""

from __future__ import annotations

from protocols.decision import HandOffState, HoldStep, OpenHandOff, Reason
from protocols.law import FILER, HOLDER, Level, Step
from protocols.lifecycle import Act, Kind, State
from protocols.moves import WAITING, move
from protocols.walk import Walk


def ask_or_keep(
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
        walk.fire(f"{step.id} acknowledged", cause)
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
