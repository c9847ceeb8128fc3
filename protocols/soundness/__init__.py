"""Does the whole hold together? Checks over a compiled track, each a sentence about the law.

A flat list of functions from a protocol to problems; none hides another. Only what can be seen in
one version of one track without walking through its states is here: the proof over all reachable
states builds on it.
"""

from __future__ import annotations

from protocols.protocol import Protocol
from protocols.reader import Reader
from protocols.soundness.bases import statutory_steps_cite_a_statute
from protocols.soundness.conditions import conditions_are_small
from protocols.soundness.limits import clocks_are_complete, custody_is_watched
from protocols.soundness.prolonging import (
    clocks_before_others_exist,
    extensions_lengthen,
    pauses_end,
)
from protocols.soundness.recipients import (
    last_is_never_excluded,
    recipients_are_in_order,
    routes_lead_somewhere,
)
from protocols.soundness.sequence import (
    custody_follows_named_outcomes,
    order_of_steps_ends,
    somebody_is_asked,
)
from protocols.soundness.triggers import names_are_free, triggers_are_known

_CHECKS = (
    triggers_are_known,
    names_are_free,
    order_of_steps_ends,
    somebody_is_asked,
    custody_follows_named_outcomes,
    recipients_are_in_order,
    routes_lead_somewhere,
    last_is_never_excluded,
    clocks_are_complete,
    custody_is_watched,
    pauses_end,
    extensions_lengthen,
    clocks_before_others_exist,
    conditions_are_small,
    statutory_steps_cite_a_statute,
)


def check(protocol: Protocol, reader: Reader) -> None:
    """Run every check; problems go to the reader."""
    for one in _CHECKS:
        one(protocol, reader)
