"""Control methods: one internal list and its mappings (standards 2.4). The table is the standard.

Recording a method pre-fills the matching indicator as *suspected*, never as confirmed, and counts
as the Palermo means named here. What somebody has answered is never overwritten.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

from protocols.facts import Facts, Indicator, Status, Value


class ControlMethod(NamedTuple):
    """One row: our code leads to ILO indicator, Palermo means, and two export columns."""

    indicator: str | None  # ILO
    means: str | None  # Palermo
    htcds: str  # HTCDS 2.0 MethodsOfControl, spelled as published
    ctdc: str | None  # CTDC 2024 column


_COERCE, _FORCE = "OTHER_COERCION", "FORCE_OR_THREAT"

CONTROL_METHODS: dict[str, ControlMethod] = {
    code: ControlMethod(*row)
    for code, *row in (
        # ours, ILO, Palermo, HTCDS, CTDC
        ("DEBT_BONDAGE", "FL09", _COERCE, "DebtBondage", "meansDebtBondageEarnings"),
        ("TAKES_EARNINGS", "FL08", _COERCE, "TakesEarnings", "meansDebtBondageEarnings"),
        ("RESTRICTS_FINANCES", "FL08", _COERCE, "RestrictsFinancialAccess", "meansDenyBasicNeeds"),
        ("THREATS", "FL06", _FORCE, "PhysicalThreats", "meansThreats"),
        ("THREAT_OF_AUTHORITIES", "FL06", _COERCE, "ThreatsLawEnforcement", "meansThreats"),
        ("THREAT_TO_FAMILY", "FL06", _FORCE, "ThreatensChildrenFamily", "meansThreats"),
        ("USES_CHILDREN", "FL06", _COERCE, "ThreatensChildrenFamily", "meansThreats"),
        ("PSYCHOLOGICAL_ABUSE", "FL06", _COERCE, "PsychologicalAbuse", "meansAbusePsyPhySex"),
        ("PHYSICAL_ABUSE", "FL05", _FORCE, "PhysicalAbuse", "meansAbusePsyPhySex"),
        ("SEXUAL_ABUSE", "FL05", _FORCE, "SexualAbuse", "meansAbusePsyPhySex"),
        ("FALSE_PROMISES", "FL02", "DECEPTION", "FalsePromises", "meansFalsePromises"),
        ("SUBSTANCES", "FL01", _COERCE, "PsychoactiveSubstance", "meansDrugsAlcohol"),
        # HTCDS defines movement restriction but leaves it out of its picklist: exported as Other.
        ("RESTRICTS_MOVEMENT", "FL03", _COERCE, "Other", "meansDenyBasicNeeds"),
        ("ISOLATION", "FL04", _COERCE, "Other", "meansDenyBasicNeeds"),
        ("RESTRICTS_MEDICAL_CARE", "FL10", _COERCE, "RestrictsMedicalCare", "meansDenyBasicNeeds"),
        ("WITHHOLDS_NECESSITIES", "FL10", _COERCE, "WithholdsNecessities", "meansDenyBasicNeeds"),
        ("EXCESSIVE_HOURS", "FL11", None, "ExcessiveWorkingHours", "meansExcessiveWorkHours"),
        ("WITHHOLDS_DOCUMENTS", "FL07", _COERCE, "WithholdsDocuments", "meansWithholdDocs"),
        ("ABUSE_OF_VULNERABILITY", "FL01", "ABUSE_OF_VULNERABILITY", "Other", None),
        ("OTHER", None, None, "Other", None),
    )
}


def prefilled(facts: Facts) -> Facts:
    """These facts with what the recorded control methods say, where nobody has answered yet."""
    methods = [CONTROL_METHODS[code] for code in sorted(facts.codes("control_methods") or ())]
    if not methods:
        return facts
    changes: dict[str, Value | None] = {}
    if suspected := {method.indicator for method in methods if method.indicator}:
        # A human's answer, also "absent", stands before what the method suggests.
        filled = dict.fromkeys(sorted(suspected), Indicator(Status.SUSPECTED))
        filled.update(facts.indicators("fl_indicators"))
        changes["fl_indicators"] = MappingProxyType(filled)
    if means := frozenset(method.means for method in methods if method.means):
        changes["means"] = (facts.codes("means") or frozenset()) | means
    return facts.amended(changes)
