"""Does every mandate a protocol may ask for resolve, everywhere in the country?

Mandates and agencies meet as data, so whether they fit shows only here. Falling back to the
national body is an answer (filing is never refused) and a hole in coverage at the same time. It
must never know a case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.directory import Ask, places_in, serving
from protocols.catalogue import Catalogue
from protocols.law import Level
from protocols.protocol import Protocol

_MANDATE: Final = re.compile(r"[A-Z][A-Z0-9_]*")  # the other recipients are roles, in small letters


@dataclass(frozen=True, slots=True)
class Hole:
    """A mandate nobody holds at these places. ``fall_back``: who is asked instead, if anybody."""

    country: str
    mandate: str
    places: tuple[str, ...]
    fall_back: str | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one country's protocols may ask, and what nobody answers."""

    country: str
    mandates: int
    places: int
    holes: tuple[Hole, ...]

    @property
    def resolved(self) -> bool:
        """Whether somebody is asked wherever anybody must be."""
        return all(hole.fall_back is not None for hole in self.holes)


async def coverage_of(
    connection: AsyncConnection, catalogue: Catalogue, country: str, on: date
) -> Coverage:
    """Every mandate × place of the tracks in force on this day, asked of the directory at once."""
    wanted = sorted(set(_mandates(catalogue.in_force(country, on))))
    places = sorted({*await places_in(connection, country), country})
    asks = [
        Ask(mandate, country if national else place, national=national)
        for mandate, national in wanted
        for place in ([country] if national else places)
    ]
    missing: dict[tuple[str, str | None], list[str]] = {}
    for ask, answer in zip(asks, await serving(connection, asks, on), strict=True):
        if answer.unit is None or answer.no_agency:
            instead = answer.unit.agency_key if answer.unit else None
            missing.setdefault((ask.mandate, instead), []).append(ask.jurisdiction)
    holes = tuple(
        Hole(country, mandate, tuple(where), instead)
        for (mandate, instead), where in sorted(missing.items(), key=lambda item: str(item[0]))
    )
    return Coverage(country, len({mandate for mandate, _ in wanted}), len(places), holes)


def _mandates(tracks: Iterable[Protocol]) -> Iterator[tuple[str, bool]]:
    """(mandate, asked at national level) of every step, ladder and limit."""
    for track in tracks:
        for step in track.steps.values():
            national = step.level is Level.NATIONAL
            yield from ((word, national) for word in step.order if _MANDATE.fullmatch(word))
        for ladder in track.ladders.values():
            called = (word for rung in ladder.rungs for word in rung.to)
            yield from ((word, False) for word in called if _MANDATE.fullmatch(word))
        for clock in (*track.clocks.values(), track.review):
            if clock.escalates_to and _MANDATE.fullmatch(clock.escalates_to):
                yield clock.escalates_to, False
