"""Who may not be asked, and by which rule.

An excluded mandate is never asked, at no place of the order. Agencies named in the facts are
excluded elsewhere: they are carried along and never looked at here.
"""

from __future__ import annotations

from protocols.conditions import World, missing
from protocols.decision import Reason, Withheld
from protocols.law import Step
from protocols.protocol import Protocol
from protocols.walk import Walk


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


def shut_out(protocol: Protocol, mandate: str, world: World) -> bool:
    """Whether a rule forbids this mandate with these facts; nothing is written down."""
    for exclusion in protocol.index.excluding.get(mandate, ()):
        holds = exclusion.when.holds(world)
        if holds or (holds is None and exclusion.unknown_excludes):
            return True
    return False


def barred(protocol: Protocol, step: Step, world: World) -> bool:
    """Whether these facts keep the step shut: its condition, or everybody it could ask."""
    if step.when.holds(world) is False:
        return True
    return all(shut_out(protocol, mandate, world) for mandate in step.order)
