"""Conditions that can be read by people: few facts decide one opening.

What a condition means is ``protocols.conditions``' business, how it is written the grammar's.
"""

from __future__ import annotations

from collections.abc import Iterable

from protocols.conditions import Condition, atoms, needed
from protocols.protocol import Protocol
from protocols.reader import Reader

MOST_FACTS = 6  # protocol language 2, restriction 1


def conditions_are_small(protocol: Protocol, reader: Reader) -> None:
    """At most six facts decide one opening (restriction 1)."""
    for step in protocol.steps.values():
        conditions = [step.when]
        conditions += [
            exclusion.when
            for exclusion in protocol.exclusions
            if exclusion.mandates.intersection(step.order)
        ]
        facts = _facts_of(conditions)
        if len(facts) > MOST_FACTS:
            reader.problems.error(
                step.spot,
                f"{len(facts)} facts decide whether step {step.id} opens: {', '.join(facts)}",
                f"Use at most {MOST_FACTS}; split the step",
            )


def _facts_of(conditions: Iterable[Condition]) -> list[str]:
    names = (needed(atom) for condition in conditions for atom in atoms(condition))
    return sorted({name for name in names if name is not None})
