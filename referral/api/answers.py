"""What goes out of every act: codes with their words, limits with their grounds, who is asked.

Built from the rooms' views and the country's words, never by cutting parts out of a whole. A
confidential agency has no name here: its mandate stands in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from agencies.directory import UnitRef
from protocols.law import Source as Cited
from referral import queries
from referral.api.wording import Wording
from referral.casework import Acted, Ask
from referral.entry import Call
from referral.session import Actor

Names = Mapping[UUID, tuple[str | None, str | None]]


class Answer(BaseModel):
    """One form of answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Titled(Answer):
    """A code and what it is called in the reader's language."""

    code: str
    title: str


class Source(Answer):
    """Where it is written. ``grade``: V read, S stated by somebody who read it, K recalled."""

    id: str
    title: str
    article: str
    link: str | None
    grade: str

    @classmethod
    def of(cls, cited: Cited) -> Self:
        """From the country's register; only links a browser may open are given."""
        link = cited.link if cited.link.startswith("https://") else None
        return cls(
            id=cited.id,
            title=cited.title,
            article=cited.article,
            link=link,
            grade=cited.grade.value,
        )

    @classmethod
    def all(cls, words: Wording, ids: Iterable[str]) -> tuple[Self, ...]:
        """Every source of a rule."""
        return tuple(cls.of(one) for one in words.sources(ids))


class Due(Answer):
    """By when. ``immediate``: the law says at once, ``at`` is then a proposed target."""

    at: datetime
    immediate: bool
    basis: str | None
    derivation: tuple[str, ...] = ()


class Party(Answer):
    """A unit. ``agency`` is the mandate's words where the agency is confidential."""

    unit_id: UUID
    agency: str
    unit: str | None
    confidential: bool

    @classmethod
    def of(cls, unit_id: UUID, name: str | None, unit: str | None, mandate: str) -> Self:
        """``name`` None: not to be named."""
        return cls(unit_id=unit_id, agency=name or mandate, unit=unit, confidential=name is None)


class Made(Answer):
    """A hand-off that was just made: who is asked for what, on which ground, by when."""

    hand_off_id: UUID
    batch: UUID
    referral_id: UUID
    track: Titled
    protocol_version: str
    step: Titled
    instruction: str | None
    kind: str
    mandate: Titled
    receiver: Party
    no_agency: bool
    alternates: int
    rule: str
    sources: tuple[Source, ...]
    due: Due | None

    @classmethod
    def of(cls, ask: Ask, words: Wording, names: Names) -> Self:
        """From what the room answered."""
        unit = UUID(ask.unit_id)
        mandate = Titled(code=ask.mandate, title=words.code(ask.mandate))
        agency, desk = names.get(unit, (None, None))
        return cls(
            hand_off_id=UUID(ask.hand_off_id),
            batch=UUID(ask.batch),
            referral_id=UUID(ask.referral_id),
            track=Titled(code=ask.track, title=words.track(ask)),
            protocol_version=ask.protocol_version,
            step=Titled(code=ask.step, title=words.step(ask, ask.step)),
            instruction=words.instruction(ask, ask.step),
            kind=ask.kind,
            mandate=mandate,
            receiver=Party.of(unit, agency, desk, mandate.title),
            no_agency=ask.no_agency,
            alternates=ask.alternates,
            rule=ask.rule,
            sources=Source.all(words, ask.sources),
            due=Due(
                at=datetime.fromisoformat(ask.due_at),
                immediate=ask.immediate,
                basis=ask.basis,
                derivation=ask.derivation,
            )
            if ask.due_at
            else None,
        )


def _names(unit: UnitRef, actor: Actor) -> tuple[str | None, str | None]:
    """Agency and unit name; None where the agency is confidential, as ``queries.units_named``."""
    if unit.confidential and unit.agency_id != actor.agency_id:
        return None, None
    return unit.agency_name, unit.unit_name


async def made(call: Call[Any], asks: Iterable[Ask], words: Wording) -> tuple[Made, ...]:
    """Hand-offs just made, with the names of those asked (one query, if not just looked up)."""
    listed = tuple(asks)
    names = {one.unit_id: _names(one, call.actor) for ask in listed if (one := ask.unit)}
    units = {UUID(ask.unit_id) for ask in listed if ask.unit is None}
    if units:
        names |= await queries.units_named(call.session, call.actor, sorted(units))
    return tuple(Made.of(ask, words, names) for ask in listed)


class Done(Answer):
    """An act was done: what stands now and what follows from it."""

    case_id: UUID
    referral_id: UUID
    hand_off_id: UUID | None
    state: str
    version: int
    holder_unit: UUID
    made: tuple[Made, ...] = ()
    superseded: tuple[UUID, ...] = ()
    closed: bool = False
    warnings: tuple[str, ...] = ()
    promise: str | None = Field(
        default=None,
        description="Of an acceptance: a signed note that it stands in the log within 60 seconds.",
    )

    @classmethod
    def of(cls, acted: Acted, follow: tuple[Made, ...], promise: str | None = None) -> Self:
        """From what the room answered."""
        return cls(
            case_id=UUID(acted.case_id),
            referral_id=UUID(acted.referral_id),
            hand_off_id=UUID(acted.hand_off_id) if acted.hand_off_id else None,
            state=acted.state,
            version=acted.version,
            holder_unit=UUID(acted.holder_unit),
            made=follow,
            superseded=tuple(UUID(one) for one in acted.superseded),
            closed=acted.closed,
            warnings=acted.warnings,
            promise=promise,
        )
