"""What may come in with a report: the case, its persons, who told, where the work is done.

Sealed groups have closed lists of fields of their own: what has no place here cannot be kept.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field, StrictBool, StrictInt

from referral.api.shapes import Facts, Line, Moment, PlaceCode, Shape, Words, shown
from referral.casework import Intake, LawfulBasis, PersonTold


class Identity(Shape):
    """Who the person is (G2): sealed under a key of her own."""

    name: Line | None = None
    other_names: Line | None = None
    born_on: Line | None = Field(default=None, description="As told: a date, or a year.")
    document: Line | None = None
    address: Line | None = None
    contact: Line | None = None
    note: Line | None = None


class Safety(Shape):
    """Where she is and how she may be reached without danger (G3)."""

    whereabouts: Line | None = None
    safe_contact: Line | None = None
    safe_times: Line | None = None
    note: Line | None = None


class Reporter(Shape):
    """Who told (G5): labour inspectors must keep this confidential (ILO C81, art. 15(c))."""

    name: Line | None = None
    contact: Line | None = None
    relation: Line | None = None
    note: Line | None = None


class Workplace(Shape):
    """Where the work is done (G1)."""

    name: Line | None = None
    employer: Line | None = None
    address: Line | None = None
    sector: Line | None = None
    note: Line | None = None


class Person(Shape):
    """One person of the report."""

    role: Literal["concerned", "accused", "relative", "reporter"] = "concerned"
    facts: Facts = Field(default_factory=dict, description="Of the closed list; null: not known.")
    identity: Identity = Identity()
    safety: Safety = Safety()
    household: StrictInt | None = Field(default=None, ge=0, le=1000)
    headcount: StrictInt = Field(default=1, ge=1, le=1000)
    identified: StrictBool = True

    def told(self) -> PersonTold:
        """As the rooms take it."""
        return PersonTold(
            role=self.role,
            facts=self.facts,
            identity=self.identity.model_dump(exclude_none=True),
            safety=self.safety.model_dump(exclude_none=True),
            household=self.household,
            headcount=self.headcount,
            identified=self.identified,
        )


class Report(Shape):
    """A report needs only a place; everything else may come later."""

    model_config = shown(
        {
            "client_id": "5b0c2a64-7c7e-4d0e-8f5e-1f3c9a2b7d10",
            "place": "ZZ-N",
            "reported": "CL",
            "facts": {"rural_site": True, "place_known": True, "sector": "A"},
            "persons": [
                {
                    "facts": {"age": 12, "works": True, "hazards": ["HZ_SUBSTANCES"]},
                    "identity": {"name": "a name", "address": "where the family lives"},
                    "safety": {"safe_contact": "through the school"},
                }
            ],
            "occurred_at": "2026-03-02T09:30:00+00:00",
            "narrative": "Found working with pesticides during an inspection.",
            "workplace": {"name": "Orchard by the river", "employer": "not known"},
            "lawful_basis": "LEGAL_OBLIGATION",
        },
        {"place": "ZZ-W", "reported": "HT"},
    )

    place: PlaceCode = Field(description="ISO 3166-2, or the country's code when no more is known.")
    client_id: UUID | None = Field(
        default=None,
        description="The device's own id of this intake: sent again, it leads to the same case.",
    )
    reported: Literal["CL", "FL", "HT"] | None = None
    facts: Facts = Field(
        default_factory=dict, description="Facts of the whole case, of the closed list."
    )
    common: Facts = Field(
        default_factory=dict,
        description="Facts of every person concerned who says nothing else (null: not hers).",
    )
    persons: list[Person] = Field(
        default_factory=list, max_length=1000, description="Up to 1,000 persons of one event."
    )
    occurred_at: Moment | None = None
    occurred_precision: Literal["minute", "hour", "day"] = "minute"
    narrative: Words | None = None
    reporter: Reporter = Reporter()
    workplace: Workplace = Workplace()
    lawful_basis: LawfulBasis = LawfulBasis.LEGAL_OBLIGATION

    def intake(self, client_id: UUID) -> Intake:
        """As the rooms take it; ``client_id`` where the device has given none."""
        return Intake(
            client_id=self.client_id or client_id,
            place=self.place,
            facts=self.facts,
            common=self.common,
            persons=tuple(person.told() for person in self.persons),
            reported=self.reported,
            occurred_at=self.occurred_at,
            occurred_precision=self.occurred_precision,
            narrative=self.narrative,
            reporter=self.reporter.model_dump(exclude_none=True),
            workplace=self.workplace.model_dump(exclude_none=True),
            lawful_basis=self.lawful_basis,
        )
