"""What the facts indicate: child labour, forced labour, trafficking, and how urgent it is.

1. The rules are tables (``screening_rules``); here is only the little code that walks them.
2. The answer is triage, never a finding: people may change it, this result stays beside theirs.
3. What this file must not know: countries, databases, people, the time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from protocols.ages import child
from protocols.document import plain_file
from protocols.reading import Parameters, Reading
from protocols.screening_rules import TABLES
from protocols.screening_rules.crossing import CROSS_RULES, CrossRule
from protocols.screening_rules.rows import CL, FL, HT, Result, ResultBasis, Severity, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from protocols.facts import Facts

__all__ = [
    "RULES",
    "RULE_SET",
    "Finding",
    "Parameters",
    "Result",
    "ResultBasis",
    "Screening",
    "Severity",
    "Urgency",
    "child",
    "label_of",
    "screen",
]

RULE_SET = "screening 1, ILO-11@2012"
"""Version of the tables and of the indicator set; stored with every result."""

RULES: Mapping[str, str] = {
    **{rule.id: rule.condition for table in TABLES.values() for tier in table for rule in tier},
    **{rule.id: rule.condition for rule in CROSS_RULES},
}
"""Every rule id with its condition in the standard's words."""

_LABELS: Mapping[str, Mapping[str, str]] = {
    code: labels
    for part in plain_file(Path(__file__).with_suffix(".yaml")).values()
    for code, labels in part.items()
}


class Urgency(StrEnum):
    """Standards 3.6."""

    EMERGENCY = "emergency"
    URGENT = "urgent"
    ROUTINE = "routine"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one topic came to: the result and the ids of the rules it rests on.

    ``basis`` is given only where every rule that fired rests on it alone.
    """

    topic: str
    result: Result
    rules: tuple[str, ...]
    severity: str | None = None
    basis: str | None = None


@dataclass(frozen=True, slots=True)
class Screening:
    """Result per topic, urgency, and what is needed to understand it later."""

    cl: Finding
    fl: Finding
    ht: Finding
    palermo_complete: bool  # only these are counted in comparisons between countries
    urgency: Urgency
    rule_set: str
    parameters: str

    @property
    def results(self) -> tuple[tuple[str, str], ...]:
        """``(("CL", "indicated"), …)``, the form in which a run carries them."""
        return tuple((finding.topic, str(finding.result)) for finding in self.findings)

    @property
    def findings(self) -> tuple[Finding, Finding, Finding]:
        """In the order CL, FL, HT."""
        return self.cl, self.fl, self.ht


def label_of(code: str, language: str) -> str:
    """What a result, an urgency or a rule id says to people, in English if need be."""
    return _LABELS[code].get(language, _LABELS[code]["en"])


def screen(parameters: Parameters, facts: Facts) -> Screening:
    """Screen one person under one country's parameters. Pure and total: facts in, triage out."""
    reading = Reading(facts, parameters)
    found = {topic: _find(topic, table, reading) for topic, table in TABLES.items()}
    for rule in CROSS_RULES:
        results = {topic: finding.result for topic, finding in found.items()}
        if rule.holds(reading, results):
            found[rule.topic] = _raised(found[rule.topic], rule)
    return Screening(
        cl=found[CL],
        fl=found[FL],
        ht=found[HT],
        palermo_complete=reading.palermo_complete,
        urgency=_urgency(reading, found),
        rule_set=RULE_SET,
        parameters=parameters.version,
    )


def _find(topic: str, table: Table, reading: Reading) -> Finding:
    fired = next(
        fired for tier in table if (fired := [rule for rule in tier if rule.holds(reading)])
    )
    return Finding(
        topic,
        fired[0].result,
        tuple(rule.id for rule in fired),
        severity=_gravest(rule.severity for rule in fired),
        basis=fired[0].basis if len({rule.basis for rule in fired}) == 1 else None,
    )


def _raised(finding: Finding, rule: CrossRule) -> Finding:
    """The finding raised by a cross rule, or as it was: nothing is ever lowered."""
    if rule.result.rank > finding.result.rank:
        return Finding(finding.topic, rule.result, (rule.id,), severity=rule.severity)
    if rule.severity is not None and finding.severity != rule.severity:
        # Indicated before, now in its worst form: the earlier rules still carry the result.
        return replace(finding, rules=(*finding.rules, rule.id), severity=rule.severity)
    return finding


def _gravest(severities: Iterable[Severity | None]) -> Severity | None:
    found = set(severities)
    return next((grave for grave in reversed(Severity) if grave in found), None)


def _urgency(reading: Reading, found: Mapping[str, Finding]) -> Urgency:
    """Standards 3.6. A place not known to be unknown counts as known; a report is never advice."""
    under_way = reading.flag("exploitation_under_way") is True
    if reading.flag("danger_now") is True or (
        under_way and reading.flag("place_known") is not False
    ):
        return Urgency.EMERGENCY
    raised = {Result.POSSIBLE, Result.INDICATED} & {finding.result for finding in found.values()}
    return Urgency.URGENT if raised or reading.reported else Urgency.ROUTINE
