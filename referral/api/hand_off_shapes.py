"""What may come in with an act on a hand-off, one form for each act that says more than words.

Which codes there are is the country's business: the rooms answer with them.
"""

from __future__ import annotations

from typing import Literal

from referral.api.shapes import Code, Line, Moment, Saying, shown


class Declining(Saying):
    """Refused before any action, with a coded reason."""

    model_config = shown(
        {"reason_code": "NO_CAPACITY", "note": "Both officers are on a rescue until tomorrow."},
        needs=("reason_code", "note"),
    )

    reason_code: Code | None = None


class Holding(Saying):
    """Paused, with a reason and a day to look again."""

    model_config = shown(
        {"reason_code": "COURT_ORDER", "review_at": "2026-03-09T09:00:00+00:00"},
        needs=("reason_code", "review_at"),
    )

    reason_code: Code | None = None
    review_at: Moment | None = None


class Completing(Saying):
    """Done, with an outcome code and feedback to the sender; a notice needs neither."""

    model_config = shown(
        {"outcome": "SERVICE_DELIVERED", "note": "The family has a plan; the child is in school."}
    )

    outcome: Code | None = None


class Failing(Saying):
    """Tried, and could not be done."""

    model_config = shown(
        {"reason_code": "PERSON_UNREACHABLE", "note": "Three visits; the house is empty."},
        needs=("reason_code", "note"),
    )

    reason_code: Code | None = None


class Cancelling(Saying):
    """Stopped. After acceptance the sender's cancellation becomes a request to the receiver."""

    model_config = shown(
        {"reason_code": "SENT_TO_WRONG_AGENCY", "reason": "The farm lies in the next province."},
        needs=("reason_code",),
    )

    reason_code: Code | None = None


class Attesting(Saying):
    """An answer given by voice or paper by a receiver who is not connected."""

    model_config = shown(
        {
            "act": "accept",
            "attested_by": "the judge on duty",
            "attested_on": "directory number of the court",
            "reason": "The court is not connected; she answered at once.",
        },
        needs=("attested_by", "attested_on"),
    )

    act: Literal["acknowledge", "accept", "decline", "start", "complete", "fail"]
    attested_by: Line | None = None
    attested_on: Line | None = None
    reason_code: Code | None = None
    outcome: Code | None = None


class Docket(Saying):
    """The own agency's number for a hand-off."""

    model_config = shown({"number": "145-2026-00017"})

    number: Code
