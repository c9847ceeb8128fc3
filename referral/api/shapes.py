"""What may come in: every field there is, and no other.

Facts and coded lists are judged by the rooms, which answer with the codes there are; here stand the
outer forms: names, types, lengths. Types are strict (no number in a string, no date as a number)
and no message repeats what was sent.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
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
