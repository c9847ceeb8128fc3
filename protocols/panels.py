"""Decisions by several: whether a panel was able to decide.

1. A panel's outcome has no effect before the panel has met: enough were there, everybody who must
   sit was, and enough agreed.
2. This file must not know what follows from a decision, nor who sends whom to sit.
"""

from __future__ import annotations

from collections.abc import Iterable

from protocols.decision import PanelVote
from protocols.law import Panel


def undecided(panel: Panel, step: str, vote: PanelVote | None) -> tuple[str, str] | None:
    """Why this vote decides nothing, as (rule, explanation); None when the panel has decided."""
    if vote is None:
        who = f"a panel of {_listed(panel.sits)}"
        how = f"present (at least {panel.quorum}) and how many agree (at least {panel.agree})"
        return "panel", f"{step} is decided by {who}: say who was {how}."
    present = set(vote.present)
    strangers, absent = present - set(panel.sits), set(panel.must_sit) - present
    if strangers:
        why = f"{_listed(strangers)} does not sit in it; {_listed(panel.sits)} do."
    elif absent:
        why = f"{_listed(absent)} must sit and was not present."
    elif len(present) < panel.quorum:
        why = f"{len(present)} were present, and {panel.quorum} are needed."
    elif not panel.agree <= vote.agreeing <= len(present):
        why = f"{vote.agreeing} of {len(present)} agree, and {panel.agree} are needed."
    else:
        return None
    return "quorum", f"The panel of {step} has not decided: {why}"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
