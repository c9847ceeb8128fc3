"""How many filings the engine answers in a second on one core.

Filings of the worked cases' kind: people drawn with a seed from what screening makes a difference of,
filed under all tracks of the country at moments a minute apart. Screening is not part of it.

A version remembers what it has decided for whoever answers its questions alike, and words no derivation
that nobody asks for. So two more numbers are told: of filings none of which is remembered, and of
filings whose derivations and rungs are all worded, as when they are stored.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from protocols import engine
from protocols.catalogue import Catalogue
from protocols.decision import Run, StartClock
from protocols.facts import Facts
from protocols.protocol import Protocol
from protocols.screening import screen

BEGIN = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
PEOPLE, ROUNDS = 2_000, 5


def run(seed: int = 1) -> dict[str, Any]:
    """Filings per second of each country, the best of several rounds."""
    catalogue = Catalogue.load()
    return {country: _measured(catalogue, country, seed) for country in catalogue.countries}


def _measured(catalogue: Catalogue, country: str, seed: int) -> dict[str, Any]:
    tracks = catalogue.in_force(country, date(2026, 11, 1))
    people = list(_people(catalogue, country, random.Random(seed)))  # noqa: S311 - a repeatable draw
    opened = sum(len(engine.file(tracks, person, BEGIN)) for person in people)
    remembered = sum(len(track.beginnings) for track in tracks)
    return {
        "filings_per_second": _rate(tracks, people),
        "worded_per_second": _rate(tracks, people, worded=True),
        "none_remembered_per_second": _rate(tracks, people[: PEOPLE // 4], remembered=False),
        "referrals_per_filing": round(opened / PEOPLE, 2),
        "remembered": remembered,
    }


def _rate(
    tracks: Sequence[Protocol], people: list[Run], *, worded: bool = False, remembered: bool = True
) -> int:
    """Filings per second, the best of several rounds."""
    best = 0.0
    for _ in range(ROUNDS):
        spent = 0.0
        for place, person in enumerate(people):
            if not remembered:
                for track in tracks:
                    track.beginnings.clear()
            began = time.process_time()
            for opening in engine.file(tracks, person, BEGIN + timedelta(minutes=place)):
                if worded:
                    for limit in opening.decision.all(StartClock):
                        assert limit.derivation
                        assert limit.rungs
            spent += time.process_time() - began
        best = max(best, len(people) / spent)
    return round(best)


def _people(catalogue: Catalogue, country: str, draw: random.Random) -> Iterator[Run]:
    law = catalogue.country(country)
    for _ in range(PEOPLE):
        known: dict[str, Any] = {
            "age": draw.choice([8, 12, 15, 17, 30]),
            "works": draw.choice([True, False]),
            "econ_hours": draw.choice([5, 20, 50]),
            "beneficiary": draw.choice(["parent", "other"]),
            "acts": frozenset(draw.choice([[], ["RECRUITMENT"]])),
            "means": frozenset(draw.choice([[], ["FRAUD"]])),
            "purposes": frozenset(draw.choice([[], ["FORCED_LABOUR"]])),
            "danger_now": draw.choice([True, False]),
        }
        facts = Facts(MappingProxyType(known))
        found = screen(law.parameters, facts)
        yield Run(facts, found.results, country, urgency=str(found.urgency))
