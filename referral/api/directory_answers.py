"""What goes out of the directory: agencies with their mandates, and who would be asked at a place.

A confidential agency has no name, no key and no id here, except for its own people.
"""

from __future__ import annotations

from uuid import UUID

from agencies.directory import AgencyEntry, Serving
from referral.api.answers import Answer, Titled
from referral.api.wording import Wording
from referral.session import Actor


class Charged(Answer):
    """One mandate of an agency, and where it holds."""

    mandate: Titled
    place: str
    fall_back: bool


class Agency(Answer):
    """One agency. A confidential one has no name, no key and no id here."""

    id: UUID | None
    key: str | None
    name: str | None
    confidential: bool
    type: str
    level: str
    mandates: tuple[Charged, ...]

    @classmethod
    def of(cls, entry: AgencyEntry, actor: Actor, words: Wording) -> Agency:
        """As this actor may see it; her own agency always has its name."""
        hidden = entry.confidential and entry.id != actor.agency_id
        return cls(
            id=None if hidden else entry.id,
            key=None if hidden else entry.key,
            name=None if hidden else entry.name,
            confidential=entry.confidential,
            type=entry.type,
            level=entry.level,
            mandates=tuple(
                Charged(
                    mandate=Titled(code=one.mandate, title=words.code(one.mandate)),
                    place=one.jurisdiction,
                    fall_back=one.fall_back,
                )
                for one in entry.mandates
            ),
        )


class Served(Answer):
    """Who would be asked for a mandate at the place, and how that was found."""

    mandate: Titled
    agency: str | None
    unit: str | None
    via: str
    no_agency: bool
    alternates: int

    @classmethod
    def of(cls, found: Serving, actor: Actor, words: Wording) -> Served:
        """A confidential agency stays without a name."""
        mandate = Titled(code=found.ask.mandate, title=words.code(found.ask.mandate))
        unit = found.unit
        named = unit is not None and (not unit.confidential or unit.agency_id == actor.agency_id)
        return cls(
            mandate=mandate,
            agency=unit.agency_name if unit and named else None,
            unit=unit.unit_name if unit and named else None,
            via=found.via.value,
            no_agency=found.no_agency,
            alternates=len(found.alternates),
        )


class Agencies(Answer):
    """One page of the directory; ``serving`` when a place was asked about."""

    agencies: tuple[Agency, ...]
    serving: tuple[Served, ...] = ()
