"""What may come in: every field there is, and no other.

Facts and coded lists are judged by the rooms, which answer with the codes there are; here stand the
outer forms: names, types, lengths. Types are strict (no number in a string, no date as a number)
and no message repeats what was sent.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StrictBool,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

_OLDEST: Final = datetime(1900, 1, 1, tzinfo=UTC)

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
PlaceCode = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_upper=True, pattern=r"(?i)^[A-Z]{2}(-[A-Z0-9]{1,12}){0,4}$"
    ),
]


def _written(value: object) -> object:
    """A moment is text (RFC 3339), never a number that could mean seconds or milliseconds."""
    if isinstance(value, str) and len(value) <= 40:  # noqa: PLR2004
        return value
    raise PydanticCustomError("moment", "Write the moment as text, like 2026-03-02T09:30:00-03:00.")


def _recent(value: datetime) -> datetime:
    if value < _OLDEST:
        raise PydanticCustomError("too_old", "This is before 1900: check the year.")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_recent)]
Facts = dict[Annotated[str, StringConstraints(max_length=80)], JsonValue]


def needing(*names: str) -> Callable[[dict[str, Any]], None]:
    """Say in the schema what the room will ask for: it answers with the codes there are."""

    def say(schema: dict[str, Any]) -> None:
        schema["required"] = sorted({*schema.get("required", ()), *names})

    return say


class Shape(BaseModel):
    """One form of input; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def shown(*examples: dict[str, Any], needs: tuple[str, ...] = ()) -> ConfigDict:
    """The configuration of a form with its examples for the reference."""

    def say(schema: dict[str, Any]) -> None:
        schema["examples"] = list(examples)
        needing(*needs)(schema)

    return ConfigDict(json_schema_extra=say)


class Saying(Shape):
    """What may come with any act."""

    model_config = shown({"note": "Taken over by the duty desk."}, {})

    note: Words | None = Field(default=None, description="Words for the other party.")
    reason: Line | None = Field(
        default=None, description="Why you may, where the access rules ask (or X-Reason)."
    )
    occurred_at: Moment | None = Field(
        default=None, description="When it happened, if not now; acts are judged at this time."
    )


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
