"""What was told, understood: facts parsed, every fault at once, and split by field group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from protocols.facts import Facts, Group
from protocols.screening import Screening
from protocols.vocabulary import Vocabulary
from referral import errors
from referral.casework.intake import Intake, PersonTold
from referral.casework.said import occurred_faults
from referral.errors import Fault, Refusal


@dataclass(frozen=True, slots=True)
class Understood:
    """One person's facts, parsed: whole for the engine, split by field group to be kept."""

    told: PersonTold
    facts: Facts
    open_facts: Mapping[str, Any]  # G1, as stored
    hidden_facts: Mapping[Group, Mapping[str, Any]]  # G2 and G3, to be sealed


def understand(
    intake: Intake, vocabulary: Vocabulary, now: datetime
) -> tuple[Mapping[str, Any], list[Understood]] | Refusal:
    """Parse every fact; all faults at once, each with its place. Nobody named: one placeholder."""
    faults = occurred_faults(intake.occurred_at, now)
    reported = {"reported_topic": intake.reported} if intake.reported else {}
    shared, found = parsed(vocabulary, {**reported, **intake.facts}, "/facts")
    faults += found
    told = intake.persons
    if not any(person.role == "concerned" for person in told):
        told = (PersonTold(identified=False, headcount=_headcount(intake)), *told)
    faults += parsed(vocabulary, intake.common, "/common")[1]
    everybody = {} if faults else intake.common
    persons = []
    for number, person in enumerate(told):
        pointer = f"/persons/{number - (len(told) - len(intake.persons))}/facts"
        concerned = everybody if person.role == "concerned" else {}
        own, found = parsed(vocabulary, {**concerned, **person.facts}, pointer)
        faults += found
        persons.append(_understood(vocabulary, person, shared, own))
    if faults:
        return errors.invalid_input(faults)
    return _by_group(vocabulary, shared)[0], persons


def _headcount(intake: Intake) -> int:
    count = intake.facts.get("headcount")
    return count if isinstance(count, int) and 1 <= count <= 1000 else 1  # noqa: PLR2004


def parsed(
    vocabulary: Vocabulary, raw: Mapping[str, Any], pointer: str
) -> tuple[Facts, list[Fault]]:
    """Facts of the closed list, or what is wrong with them and where."""
    answer = vocabulary.parse(raw)
    if isinstance(answer, Facts):
        return answer, []
    return Facts(), [Fault(pointer + fault.pointer, fault.code, fault.message) for fault in answer]


def _understood(vocabulary: Vocabulary, told: PersonTold, shared: Facts, own: Facts) -> Understood:
    both = shared.amended(dict(own.values))
    shown, hidden = _by_group(vocabulary, own)
    if told.role == "concerned":  # what is sealed of the case is sealed with each person of it
        for group, values in _by_group(vocabulary, shared)[1].items():
            hidden[group] = {**values, **hidden.get(group, {})}
    return Understood(told, both, shown, hidden)


def _by_group(
    vocabulary: Vocabulary, facts: Facts
) -> tuple[dict[str, Any], dict[Group, dict[str, Any]]]:
    """What may stand open (G0, G1), and what is to be sealed, by group."""
    groups: dict[Group, dict[str, Any]] = {}
    for name, value in vocabulary.dump(facts).items():
        groups.setdefault(vocabulary[name].group, {})[name] = value
    shown = groups.pop(Group.FACTS, {}) | groups.pop(Group.ENVELOPE, {})
    return shown, groups


def findings_of(screening: Screening) -> dict[str, Any]:
    """A screening as it is kept: result, rules and severity per topic, and by which law."""
    topics = {
        one.topic: {
            "result": one.result.value,
            "rules": list(one.rules),
            "severity": one.severity,
            "basis": one.basis,
        }
        for one in screening.findings
    }
    return {
        **topics,
        "palermo_complete": screening.palermo_complete,
        "urgency": screening.urgency.value,
        "rule_set": screening.rule_set,
        "parameters": screening.parameters,
    }
