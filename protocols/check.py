"""Are the country files sound? Every problem at once, and the counts a reviewer wants to see.

Reads the files, runs the worked cases and proves what must hold in every reachable state; needs no
database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from protocols.cases import run_cases
from protocols.catalogue import standing_on
from protocols.decision import LimitBasis
from protocols.document import read
from protocols.exercised import Seen, untried
from protocols.law import Grade
from protocols.problems import Problem, Problems
from protocols.proof.countries import nobody_is_left_out, prove_all
from protocols.proof.findings import Finding
from protocols.proof.track import Proof
from protocols.protocol import Protocol, cited_by
from protocols.shelves import CASES, FOLDER, Shelf, name_of, read_shelves, text_of
from protocols.upkeep import owed

STALE_AFTER_DAYS = 365


@dataclass(frozen=True, slots=True)
class TrackCount:
    """What one version of one track contains."""

    track: str
    version: str
    digest: str
    steps: int
    clocks: int
    exclusions: int
    gates: int
    assumptions: int  # steps and clocks resting on a proposal of ours
    sources: int
    recalled: int  # of them grade K: a lawyer must look them up


@dataclass(frozen=True, slots=True)
class ProofCount:
    """What was proved of one version of one track (``place``: of an override)."""

    track: str
    version: str
    place: str
    states: int
    worst_case: str  # the longest time to a holder, and its path


@dataclass(frozen=True, slots=True)
class CountryReport:
    """What was found in one country."""

    country: str
    tracks: tuple[TrackCount, ...]
    cases: int
    not_exercised: tuple[str, ...]  # steps, clocks (pauses, extensions), gates, … no case reaches
    stale: int  # sources not checked for a year
    recalled: int  # sources of grade K: a lawyer must look them up
    proofs: tuple[ProofCount, ...]  # empty when the files do not hold together


@dataclass(frozen=True, slots=True)
class Report:
    """All countries that were checked, and every problem of all of them."""

    countries: tuple[CountryReport, ...]
    problems: tuple[Problem, ...]
    errors: int

    @property
    def sound(self) -> bool:
        """Whether the files may be taken into force."""
        return self.errors == 0


def check(
    countries: Iterable[str] = (),
    folder: Path | None = None,
    today: date | None = None,
    *,
    processes: int | None = None,
    proving: bool = True,
) -> Report:
    """Check these countries, or all. ``today`` is only used for what goes stale or runs out.

    ``processes``: how many tracks are proved beside each other; one for each processor if left out.
    ``proving``: whether the proofs are part of it (without them nothing may be taken into force).
    """
    problems = Problems()
    shelves = read_shelves(folder or FOLDER, problems, countries)
    # A story told with a track that does not hold together would only repeat its problems.
    sound = not problems.errors
    proofs = prove_all(shelves, processes) if sound and proving else {}
    reports = tuple(
        _country(iso2, shelf, problems, today, proofs=proofs.get(iso2, ()) if sound else None)
        for iso2, shelf in sorted(shelves.items())
    )
    return Report(reports, tuple(problems), len(problems.errors))


def _country(
    iso2: str,
    shelf: Shelf,
    problems: Problems,
    today: date | None,
    *,
    proofs: tuple[Proof, ...] | None,
) -> CountryReport:
    """``proofs`` are None when the files do not hold together: then no case is told either."""
    _uncited(shelf, problems)
    cases, unreached = _told(iso2, shelf, problems) if proofs is not None else (0, ())
    for finding in (*nobody_is_left_out(shelf), *_findings(proofs or ())):
        finding.told(problems)
    stale = _stale(shelf, problems, today)
    tracks = tuple(_count(version, shelf) for version in shelf.versions)
    counts = tuple(
        ProofCount(one.track, one.version, one.place, one.states, one.worst_case)
        for one in proofs or ()
    )
    recalled = _recalled(shelf, problems)
    owed(shelf, problems, today)
    return CountryReport(iso2, tracks, cases, unreached, stale, recalled, counts)


def _told(iso2: str, shelf: Shelf, problems: Problems) -> tuple[int, tuple[str, ...]]:
    """How many worked cases were told, and what none of them reaches."""
    cases, seen = _cases(shelf, problems)
    file = name_of(shelf.folder / CASES)
    return cases, untried(iso2, shelf.versions, cases, seen, file, problems)


def _findings(proofs: tuple[Proof, ...]) -> tuple[Finding, ...]:
    return tuple(finding for proof in proofs for finding in proof.findings)


def _recalled(shelf: Shelf, problems: Problems) -> int:
    """L9: what rests on a source nobody has read."""
    cited = Counter(
        source
        for version in shelf.versions
        for sources in (
            *(step.sources for step in version.steps.values()),
            *(clock.sources for clock in (*version.clocks.values(), version.review)),
        )
        for source in sources
    )
    found = [
        one
        for one in shelf.country.sources.values()
        if one.grade is Grade.RECALLED and cited[one.id]
    ]
    for source in found:
        problems.warning(
            source.spot,
            f"{cited[source.id]} steps and limits rest on the source {source.id}, which is recalled"
            " or proposed (grade K)",
            "Let a lawyer look it up before a pilot",
        )
    return len(found)


def _stale(shelf: Shelf, problems: Problems, today: date | None) -> int:
    stale = [
        source
        for source in shelf.country.sources.values()
        if today is not None and (today - source.last_checked).days > STALE_AFTER_DAYS
    ]
    for source in stale:
        problems.warning(
            source.spot,
            f"source {source.id} was last checked on {source.last_checked}",
            "Look it up again and set 'last_checked'",
        )
    return len(stale)


def _count(protocol: Protocol, shelf: Shelf) -> TrackCount:
    clocks = (*protocol.clocks.values(), protocol.review)
    bases = [one.basis for one in protocol.steps.values()] + [one.basis for one in clocks]
    cited = cited_by(protocol)
    register = shelf.country.sources  # a source that is not in it is a problem of its own
    recalled = [one for one in cited if one in register and register[one].grade is Grade.RECALLED]
    return TrackCount(
        track=protocol.track,
        version=protocol.version,
        digest=protocol.digest,
        steps=len(protocol.steps),
        clocks=len(protocol.clocks) + 1,
        exclusions=len(protocol.exclusions),
        gates=len(protocol.gates),
        assumptions=bases.count(LimitBasis.ASSUMPTION),
        sources=len(cited),
        recalled=len(recalled),
    )


def _uncited(shelf: Shelf, problems: Problems) -> None:
    cited = {source for version in shelf.versions for source in cited_by(version)}
    cited.update(shelf.cited)
    for source in shelf.country.sources.values():
        if source.id not in cited:
            problems.error(
                source.spot,
                f"nothing cites the source {source.id}",
                "Cite it where it is the reason, or remove it",
            )


def _cases(shelf: Shelf, problems: Problems) -> tuple[int, Seen]:
    path = shelf.folder / CASES
    item = read(text_of(path, problems), name_of(path), problems)
    if item is None:
        return 0, Seen()

    def tracks(now: datetime, place: str) -> tuple[Protocol, ...]:
        return standing_on(shelf.versions, now.date(), place)

    return run_cases(item, shelf.country, tracks, shelf.vocabulary, problems)
