"""New law while the service runs: read again what the files say, or keep what stands.

A coordinator puts a new version beside the old ones and sends SIGHUP. Either everything loads and
every version that was there is there unchanged, or nothing changes and every problem is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import structlog

from protocols.catalogue import Catalogue
from protocols.problems import Problem, ProblemsFound
from referral.entry import Installation

_LOG = structlog.get_logger("referral.renewing")


def renew(installations: Sequence[Installation]) -> tuple[Problem, ...]:
    """Give every installation the new law; on any problem none, and each problem is logged."""
    try:
        new = renewed(installations[0].catalogue)
    except ProblemsFound as found:
        for problem in found.problems:
            _LOG.error("the new law is not taken: the old one stays", where=str(problem))
        return found.problems
    for installation in installations:
        installation.catalogue = new
    _LOG.info("the new law is taken", count=sum(len(s.versions) for s in new.shelves.values()))
    return ()


def renewed(old: Catalogue, folder: Path | None = None) -> Catalogue:
    """The catalogue as the files say now. Raises ProblemsFound: keep the old one then.

    A version that took force may be superseded, never edited or removed: running referrals are
    pinned to it by digest. A fact that could be recorded stays one: it may have been.
    """
    new = Catalogue.load(folder, goes_on=True)
    gone = [
        problem
        for country, shelf in old.shelves.items()
        for version in shelf.versions
        if (problem := _missed(new, country, version.track, version.version, version.digest))
    ]
    gone += [
        _forgotten(country, name)
        for country, shelf in old.shelves.items()
        if country in new.shelves
        for name in shelf.vocabulary.entries
        if name not in new.shelves[country].vocabulary
    ]
    if gone:
        raise ProblemsFound(tuple(gone))
    return new


def _missed(new: Catalogue, country: str, track: str, version: str, digest: str) -> Problem | None:
    try:
        new.pinned(country, track, version, digest)
    except LookupError as fault:
        return Problem(
            file=f"{country.lower()}/{track}/{version}.yaml",
            line=1,
            column=1,
            message=str(fault),
            remedy="Restore the file, and write the change as a new version named by its day",
        )
    return None


def _forgotten(country: str, fact: str) -> Problem:
    return Problem(
        file=f"{country.lower()}/facts.yaml",
        line=1,
        column=1,
        message=f"the fact '{fact}' is gone, and may have been recorded of somebody",
        remedy="Declare it again; a rule that no longer asks for it may be left out",
    )
