"""Of a protocol, only what bears on one step: its guards, its exclusions, the names in it.

What a step's projection does not read makes no difference to it. Left out, steps of which the same
can become are seen to be the same (``twins``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from protocols.ladders import CALLED
from protocols.law import CLOSED, FILING, NEXT, ROLES, STEP_WORDS, TRIAGE, Clock, Step
from protocols.proof.profiles import Profiles
from protocols.protocol import Protocol

_Law = TypeVar("_Law", Step, Clock)
# Words that mean something to the engine; a mandate or event of such a name is never renamed.
_ENGINE_WORDS = frozenset(
    {*ROLES, *CALLED, *STEP_WORDS, NEXT, CLOSED, FILING, TRIAGE, "held", "again", "lapsed", ""}
)


def asking_only_this(whole: Protocol, profiles: Profiles) -> tuple[Protocol, Profiles]:
    """The same with the exclusions that can bear on it, and the profiles of its own guards."""
    named = _mandates(whole)
    exclusions = [
        replace(one, mandates=one.mandates & named)
        for one in whole.exclusions
        if one.mandates & named
    ]
    guards = [one.when for one in whole.steps.values()]
    guards += [one.when for one in (*whole.clocks.values(), whole.review)]
    narrowed = profiles.narrowed([*guards, *(one.when for one in exclusions)])
    made = replace(
        whole,
        steps=_asked_anew(whole.steps, narrowed),
        clocks=_asked_anew(whole.clocks, narrowed),
        review=replace(whole.review, when=narrowed.replaced(whole.review.when)),
        exclusions=tuple(replace(one, when=narrowed.replaced(one.when)) for one in exclusions),
    )
    return made, narrowed


def _asked_anew(laws: Mapping[str, _Law], profiles: Profiles) -> dict[str, _Law]:
    return {name: replace(one, when=profiles.replaced(one.when)) for name, one in laws.items()}


def names_of(protocol: Protocol) -> frozenset[str]:
    """Of steps, limits, events, outcomes and mandates."""
    outcomes = {outcome for step in protocol.steps.values() for outcome in step.outcomes}
    ids = {*protocol.steps, *protocol.clocks, protocol.review.id, *protocol.events}
    return frozenset(ids | outcomes | _mandates(protocol)) - _ENGINE_WORDS


def _mandates(protocol: Protocol) -> set[str]:
    """Whoever may be asked or told."""
    asked = {mandate for step in protocol.steps.values() for mandate in step.order}
    told = {call.to for calls in protocol.index.rungs.values() for call in calls}
    clocks = (*protocol.clocks.values(), protocol.review)
    return asked | told | {clock.escalates_to or "" for clock in clocks}
