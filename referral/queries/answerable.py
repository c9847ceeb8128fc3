"""What an agency may read of the facts while it is only asked: enough to answer, no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from referral.access.relationships import Relationship

_ASKED_ONLY = frozenset(
    {
        Relationship.PENDING_RECIPIENT,
        Relationship.RECIPIENT_SUPERVISOR,
        Relationship.SENDER,
        Relationship.PAST_RECIPIENT,
    }
)

# Before acceptance: what is needed to answer at all, never names or places (security.md 3.2).
ANSWERABLE = frozenset(
    {
        "age_band",
        "appears_under_18",
        "danger_now",
        "disability_needs",
        "exploitation_under_way",
        "headcount",
        "high_risk",
        "language",
        "rural_site",
        "sex",
        "transport",
        "travelling_companions",
        "works",
        "hazards",
        "wfcl",
        "night_work",
    }
)


def only_asked(relationships: frozenset[Relationship]) -> bool:
    """Whether the unit has no part in the work (yet, or any more)."""
    return relationships <= _ASKED_ONLY


def readable(facts: Mapping[str, Any], relationships: frozenset[Relationship]) -> Mapping[str, Any]:
    """All facts for whoever has a part in the work; the answerable ones for whoever is asked."""
    if not only_asked(relationships):
        return facts
    return {name: value for name, value in facts.items() if name in ANSWERABLE}
