"""The worked cases of the standard as data, and the laws they are screened under."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from protocols.document import plain_file
from protocols.facts import Facts
from protocols.screening import Finding, Parameters, Screening
from protocols.vocabulary import load_vocabulary

WRITTEN = plain_file(Path(__file__).with_name("screening_cases.yaml"))


def law(country: str) -> Parameters:
    written = dict(WRITTEN["countries"][country])
    extension = frozenset(written.pop("acts_extension"))
    return Parameters(version="cases", min_age_hazardous=18, acts_extension=extension, **written)


def by_topic(screening: Screening) -> dict[str, Finding]:
    return {finding.topic: finding for finding in screening.findings}


def facts_of(raw: dict[str, Any]) -> Facts:
    facts = load_vocabulary().parse(raw)
    assert isinstance(facts, Facts), facts
    return facts
