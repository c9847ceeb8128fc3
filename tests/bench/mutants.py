"""Seeded defects: is a country file that says something else than the law caught by the check?

Each mutant is one country file with one defect, made from the country's own YAML (the versions in
force, and later ones) by a rule of ``KINDS`` (every place it fits, ``MOST`` of them evenly chosen),
and checked like any file: read, worked cases, proof. Survivors are listed, each with why its kind
can survive.
"""

from __future__ import annotations

import copy
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from protocols.check import check
from protocols.document import plain_file
from protocols.problems import Problems
from protocols.proof.countries import prove_all
from protocols.shelves import FOLDER, read_shelves
from tests.bench.defects import KINDS, WHY_IT_CAN_SURVIVE, Defect, Text

MOST = 6


@dataclass(frozen=True, slots=True)
class Mutant:
    """One defect: of which kind, where, and the file that has it."""

    country: str
    file: str
    kind: str
    where: str
    text: str


def mutants_of(country: str) -> Iterator[Mutant]:
    """All mutants of one country."""
    folder = FOLDER / country.lower()
    files = [*_written_today(folder), folder / "country.yaml"]
    read: dict[str, Text] = {
        path.relative_to(folder).as_posix(): plain_file(path) for path in files
    }
    law = read["country.yaml"]
    for kind, make in KINDS.items():
        made = [
            (name, where, changed)
            for name, text in read.items()
            for where, changed in _made(make, text, law)
        ]
        for name, where, changed in _evenly(made):
            dumped = yaml.safe_dump(changed, allow_unicode=True, sort_keys=False, width=10_000)
            yield Mutant(country, name, kind, where, dumped)


def _written_today(folder: Path) -> Iterator[Path]:
    """Each track's version in force and what comes after it.

    A former version is history: its digest is released, and whoever edits it is told so at once.
    """
    for track in sorted(one for one in folder.iterdir() if one.is_dir()):
        versions = sorted(track.glob("*.yaml"))
        newest = max(one for one in versions if plain_file(one)["stage"] == "in_force")
        yield from (one for one in versions if one >= newest)


def _made(
    make: Callable[[Text, Text], Iterator[Defect]], text: Text, law: Text
) -> Iterator[tuple[str, Text]]:
    """One copy for each place where the defect fits."""
    for where, change in make(text, law):
        changed = copy.deepcopy(text)
        change(changed)
        yield where, changed


def _evenly(made: list[tuple[str, str, Text]]) -> list[tuple[str, str, Text]]:
    if len(made) <= MOST:
        return made
    return [made[place * len(made) // MOST] for place in range(MOST)]


def caught(mutant: Mutant) -> str | None:
    """What caught it: the first error; None when it survives."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / mutant.country.lower()
        shutil.copytree(FOLDER / mutant.country.lower(), folder)
        (folder / mutant.file).write_text(mutant.text, encoding="utf-8")
        # An answer that is no answer would be a survivor of the worst kind: it is not caught here.
        report = check(folder=Path(place), processes=1, proving=False)
        errors = [one.message for one in report.problems if one.severity == "error"]
        # The proof is asked only about what cases do not catch.
        return next(chain(errors, _against(mutant, Path(place))), None)


def _against(mutant: Mutant, folder: Path) -> Iterator[str]:
    """What the proof finds in the file with the defect; the country's other tracks stay as sound."""
    (shelf,) = read_shelves(folder, Problems()).values()
    track, _, day = mutant.file.removesuffix(".yaml").partition("/")
    if day:
        versions = [one for one in shelf.versions if (one.track, one.version) == (track, day)]
        shelf = replace(shelf, versions=tuple(versions))
    for proof in prove_all({mutant.country: shelf}, 1)[mutant.country]:
        yield from (f"{one.property}: {one.message}" for one in proof.findings)


def run(countries: tuple[str, ...], processes: int | None = None) -> dict[str, Any]:
    """Check every mutant of these countries (all that there are, if none is named)."""
    chosen = countries or tuple(
        sorted(one.name.upper() for one in FOLDER.iterdir() if one.is_dir())
    )
    return {country: _of(country, processes) for country in chosen}


def _of(country: str, processes: int | None) -> dict[str, Any]:
    made = list(mutants_of(country))
    count = processes or len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(count, multiprocessing.get_context("fork")) as pool:
        answers = list(pool.map(caught, made, chunksize=4))
    survivors = [
        {
            "kind": one.kind,
            "file": one.file,
            "where": one.where,
            "explanation": WHY_IT_CAN_SURVIVE.get(one.kind, ""),
        }
        for one, answer in zip(made, answers, strict=True)
        if answer is None
    ]
    found = len(made) - len(survivors)
    kinds = {
        kind: f"{sum(a is not None for m, a in zip(made, answers, strict=True) if m.kind == kind)}"
        f" of {sum(m.kind == kind for m in made)}"
        for kind in dict.fromkeys(one.kind for one in made)
    }
    return {
        "total": len(made),
        "caught": found,
        "share": round(found / len(made), 4) if made else None,
        "kinds": kinds,
        "survivors": survivors,
    }
