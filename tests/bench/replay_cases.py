"""How many cases of the past one version is replayed on in a minute, and two compared.

The cases are made by a fixed seed: ages, work, dangers and reports as facts of the closed list,
over the places and days of the imaginary country. Every answer is compared between one process and
several: the same file gives the same tally.
"""

from __future__ import annotations

import json
import os
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from protocols.replay.desk import Order, desk_of, replay

COUNTRY, PLACES = "ZZ", ("ZZ-N", "ZZ-E", "ZZ-S", "ZZ-W")
_FIRST = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
_SEED = 7


def written(file: Path, cases: int) -> Path:
    """A file of so many cases, the same each time."""
    chance = random.Random(_SEED)  # noqa: S311 - nothing is kept secret by it
    with file.open("w", encoding="utf-8") as lines:
        for _ in range(cases):
            lines.write(f"{json.dumps(_case(chance))}\n")
    return file


def _case(chance: random.Random) -> dict[str, Any]:
    facts: dict[str, Any] = {"age": chance.randint(6, 45), "works": chance.random() < 0.9}
    if chance.random() < 0.6:
        facts["econ_hours"] = chance.choice([4, 20, 48, 60])
    if chance.random() < 0.5:
        facts["beneficiary"] = chance.choice(["parent", "other"])
    if chance.random() < 0.3:
        facts["foreign_national"] = chance.random() < 0.5
    facts["danger_now"] = chance.random() < 0.05
    at = _FIRST + timedelta(minutes=chance.randint(0, 500_000))
    return {
        "at": at.isoformat(),
        "place": chance.choice(PLACES),
        "facts": facts,
        "reported": chance.choice(["CL", "FL", "HT"]),
        "filed_by": chance.choice([[], ["HOTLINE"], ["LABOUR_INSPECTION"]]),
    }


def run(*, cases: int, track: str = "child_protection") -> dict[str, Any]:
    """Figures: cases per minute in one process and in two, alone and compared."""
    with TemporaryDirectory() as folder:
        file = written(Path(folder) / "cases.jsonl", cases)
        found: dict[str, Any] = {"cases": cases, "processors": os.cpu_count(), "track": track}
        for name, against in (("alone", None), ("compared", "2026-01-01")):
            order = Order(None, COUNTRY, track, None, against, file.name)
            desk_of(order)  # loaded before the watch runs, as a whole file would hardly notice it
            tallies = []
            for processes in (1, 2):
                begun = time.perf_counter()
                tallies.append(replay(order, file, lambda _d, _w: None, processes=processes))
                rate = cases / (time.perf_counter() - begun) * 60
                found[f"{name}_on_{processes}"] = round(rate)
            found[f"{name}_same"] = tallies[0] == tallies[1]
    return found
