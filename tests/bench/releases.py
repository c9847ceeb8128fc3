"""A large country's release and its corrections: how long disclosure control takes, what is left.

The people are drawn, not counted: one process, no database. Each is somewhere, of some age and
sex, and so on, skewed as administrative data are: few places and topics have nearly everybody, and
most cells have few. A correction moves some people and adds some who were told of late.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from time import perf_counter, process_time
from typing import Any, Final

import orjson

from referral.figures.disclosure import EFFORT, UnprovedError
from referral.figures.effort import Effort
from referral.figures.fixed_tables import PLACE, fixed
from referral.figures.release_document import Ground, release

_PLACES: Final = 77  # as many as Thailand has provinces
_YEAR: Final = 2025
_NEEDED: Final = 30  # seconds, of a job of the clockwork
Person = dict[str, str]


def drawn(draw: random.Random, many: int, places: Iterable[str]) -> list[Person]:
    """So many people, each with one value of each dimension."""
    values = {name: [*one.values] for name, one in fixed().dimensions.items()}
    values["period"], values[PLACE] = [f"{_YEAR}-Q{n}" for n in range(1, 5)], [*places]
    drawn_of: dict[str, list[str]] = {}
    for name, codes in values.items():
        weights = (
            [1.0] * 4 if name == "period" else [1 / (at + 1) ** 1.3 for at in range(len(codes))]
        )
        drawn_of[name] = draw.choices(codes, weights, k=many)
    return [{name: drawn_of[name][at] for name in values} for at in range(many)]


def corrected(draw: random.Random, people: list[Person], share: float) -> list[Person]:
    """These people a year later: some were told of late, of some a fact was wrong."""
    found = [dict(one) for one in people]
    for one in draw.sample(found, int(len(found) * share)):
        other, name = draw.choice(people), draw.choice([*one])
        one[name] = other[name]
    return found + draw.sample(people, int(len(people) * share))


def ground(
    people: Iterable[Mapping[str, str]], places: Iterable[str], period: str, *earlier: bytes
) -> Ground:
    """As the database would count them."""
    told = [dict(one) for one in people]
    counts = {
        table.name: Counter(tuple(one[name] for name in table.crosses) for one in told)
        for table in fixed().counted
    }
    return Ground("ZZ", period, {place: place for place in places}, counts, earlier)


def run(*, people: int = 40_000, seed: int = 1) -> dict[str, Any]:
    """A year and two corrections of it; and quarters, then their year, corrected by then.

    Needed figures stand beside the measured ones; processor seconds, since others work here too.
    """
    draw = random.Random(seed)  # noqa: S311 - chance, not secrets
    places = [f"ZZ-{at:02}" for at in range(_PLACES)]
    known = drawn(draw, people, places)
    year, quarters = str(_YEAR), [f"{_YEAR}-Q{n}" for n in range(1, 5)]
    told: dict[str, Any] = {"people": people, "places": _PLACES, "needed_seconds": _NEEDED}
    for name, periods in {"years": [year] * 3, "quarters": [*quarters, year]}.items():
        published, now = list[bytes](), known
        for at, period in enumerate(periods):
            if period == year and at:
                now = corrected(draw, now, 0.01)
            told[f"{name}_{at + 1}_{period}"] = _released(ground(now, places, period, *published))
            published += told[f"{name}_{at + 1}_{period}"].pop("document", [])
    return told


def _released(asked: Ground) -> dict[str, Any]:
    """How long it takes, and how many rows are exact, rounded, left out."""
    began, worked, effort = perf_counter(), process_time(), Effort(EFFORT)
    try:
        document = release(fixed(), asked, effort)
    except UnprovedError:
        return {"seconds": round(perf_counter() - began, 1), "unproved": True}
    took = round(perf_counter() - began, 1), round(process_time() - worked, 1)
    content = orjson.loads(document)
    flags = Counter(row["flag"] for table in content["tables"] for row in table["rows"])
    return {
        "document": [document],
        "seconds": took[0],
        "processor_seconds": took[1],
        "effort_left": effort.left,
        "exact": flags[""],
        "rounded": flags["r"],
        "left_out": flags["c"],
        "given_up": content["given_up"],
    }
