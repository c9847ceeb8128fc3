"""Who serves every mandate a protocol may ask for, everywhere in the country, and where nobody does.

Mandates and agencies meet as data, so whether they fit shows only here. Falling back to the
national body is an answer (filing is never refused) and a hole in coverage at the same time: a
place where children have nobody. It must never know a case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.directory import Ask, Via, places_in, serving
from protocols.catalogue import Catalogue
from protocols.law import Level
from protocols.protocol import Protocol

_MANDATE: Final = re.compile(r"[A-Z][A-Z0-9_]*")  # the other recipients are roles, in small letters


@dataclass(frozen=True, slots=True)
class Served:
    """Who is asked for one mandate at one place. ``agency``: its key; None where there is nobody."""

    mandate: str
    place: str
    agency: str | None
    name: str | None
    confidential: bool
    via: Via
    no_agency: bool


@dataclass(frozen=True, slots=True)
class Hole:
    """A mandate nobody holds at these places. ``fall_back``: who is asked instead, if anybody."""

    country: str
    mandate: str
    places: tuple[str, ...]
    fall_back: str | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one country's protocols may ask, who answers where, and what nobody answers."""

    country: str
    places: Mapping[str, Mapping[str, str]]  # code -> names by language, the whole country first
    served: tuple[Served, ...]

    @property
    def mandates(self) -> tuple[str, ...]:
        """Every mandate that may be asked for, by code."""
        return tuple(sorted({one.mandate for one in self.served}))

    @property
    def holes(self) -> tuple[Hole, ...]:
        """Mandates nobody is charged with, and where."""
        found: dict[tuple[str, str | None], list[str]] = {}
        for one in self.served:
            if one.no_agency:
                found.setdefault((one.mandate, one.agency), []).append(one.place)
        return tuple(
            Hole(self.country, mandate, tuple(sorted(where)), instead)
            for (mandate, instead), where in sorted(found.items(), key=lambda item: str(item[0]))
        )

    @property
    def resolved(self) -> bool:
        """Whether somebody is asked wherever anybody must be."""
        return all(hole.fall_back is not None for hole in self.holes)


async def coverage_of(
    connection: AsyncConnection, catalogue: Catalogue, country: str, on: date
) -> Coverage:
    """Every mandate × place of the law that stands there on this day, asked of the directory at once."""
    places = {country: catalogue.country(country).names, **await places_in(connection, country)}
    asks = sorted(
        {
            Ask(mandate, country if national else place, national=national)
            for place in places
            for track in catalogue.in_force(country, on, place)
            for mandate, national in _mandates(track.at(place))
        },
        key=lambda ask: (ask.mandate, ask.jurisdiction, ask.national),
    )
    served = tuple(
        Served(
            mandate=ask.mandate,
            place=ask.jurisdiction,
            agency=found.unit.agency_key if found.unit else None,
            name=found.unit.agency_name if found.unit else None,
            confidential=found.unit.confidential if found.unit else False,
            via=found.via,
            no_agency=found.unit is None or found.no_agency,
        )
        for ask, found in zip(asks, await serving(connection, asks, on), strict=True)
    )
    return Coverage(country, places, served)


def _mandates(track: Protocol) -> Iterator[tuple[str, bool]]:
    """(mandate, asked at national level) of every step, ladder and limit."""
    for step in track.steps.values():
        national = step.level is Level.NATIONAL
        yield from ((word, national) for word in step.order if _MANDATE.fullmatch(word))
    for ladder in track.ladders.values():
        called = (word for rung in ladder.rungs for word in rung.to)
        yield from ((word, False) for word in called if _MANDATE.fullmatch(word))
    for clock in (*track.clocks.values(), track.review):
        if clock.escalates_to and _MANDATE.fullmatch(clock.escalates_to):
            yield clock.escalates_to, False
