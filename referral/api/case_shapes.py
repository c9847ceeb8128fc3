"""What may come in about a case that is filed: facts and events learned later, notes, calls.

Which facts and events there are is the closed list's and the protocol's business.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import (
    Field,
    StrictBool,
)

from referral.api.shapes import Code, Facts, Line, Moment, Saying, Shape, Words, shown


class Amending(Saying):
    """Facts of one referral's person learned later; null takes a fact back to not known."""

    model_config = shown(
        {
            "referral_id": "0e4f0f0a-39d6-4c6c-9c0e-0b8d0a1c9d55",
            "facts": {"danger_now": True, "beneficiary": "parent"},
        }
    )

    referral_id: UUID
    facts: Facts = Field(min_length=1)


class Happening(Saying):
    """Something that happened to the person, by its name in the protocol."""

    model_config = shown(
        {
            "referral_id": "0e4f0f0a-39d6-4c6c-9c0e-0b8d0a1c9d55",
            "event": "person_left",
            "occurred_at": "2026-03-02T11:00:00+00:00",
        }
    )

    referral_id: UUID
    event: Code


class Writing(Saying):
    """A note on the case (G4); its words go into ``note``."""

    model_config = shown({"note": "The aunt would take the children in."}, needs=("note",))


class Calling(Saying):
    """Whether a voice was reached about an emergency."""

    model_config = shown({"reached": True})

    reached: StrictBool


class Seat(Shape):
    """One seat of a panel. No vote: its mandate was absent. A name from outside is sealed."""

    mandate: Code
    vote: Literal["agree", "disagree", "abstain"] | None = None
    membership: UUID | None = Field(default=None, description="Of somebody who works here.")
    name: Line | None = Field(default=None, description="Of somebody from outside; sealed.")
    dissent: Words | None = Field(default=None, description="Why she does not agree; sealed.")
    signed_at: Moment | None = None


class Deciding(Saying):
    """What a panel decided: outcome, every seat and its vote."""

    model_config = shown(
        {
            "step": "ZZ-T05",
            "outcome": "VICTIM_STATUS_CONFIRMED",
            "members": [
                {"mandate": "TRAFFICKING_UNIT", "vote": "agree", "name": "the head of the unit"},
                {"mandate": "HEALTH", "vote": "agree", "name": "the doctor on duty"},
                {"mandate": "SHELTER", "vote": "disagree", "name": "who runs it", "dissent": "…"},
                {"mandate": "PROSECUTION"},
            ],
        }
    )

    step: Code
    outcome: Code
    members: list[Seat] = Field(min_length=1, max_length=40)
    hand_off_id: UUID | None = Field(
        default=None, description="The hand-off that ends with this outcome, where the step is one."
    )


class Reassigning(Saying):
    """Who of the unit is in charge from now on; nobody named is the whole unit."""

    model_config = shown(
        {"user_name": "winnie.sato", "reason": "Her colleague is ill until April."},
        needs=("reason",),
    )

    user_name: Line | None = None


class Overriding(Saying):
    """Another result than the screening's, with the reason (or X-Reason)."""

    model_config = shown(
        {
            "topic": "HT",
            "result": "possible",
            "reason": "He holds her passport; she told me alone.",
        },
        needs=("reason",),
    )

    topic: Code
    result: Code
