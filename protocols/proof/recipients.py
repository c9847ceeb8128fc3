"""L6: nobody whom a rule forbids is ever asked or told, escalations and fall-backs included."""

from __future__ import annotations

from collections.abc import Iterator

from protocols.proof.automaton import Automaton
from protocols.proof.findings import Finding
from protocols.proof.histories import Histories


def excluded_are_never_asked(automaton: Automaton, histories: Histories) -> Iterator[Finding]:
    """L6 of one step, at the nearest act that breaks it."""
    projection = automaton.projection
    for standing, way in histories.standings(automaton).items():
        for edge in automaton.edges[standing]:
            if not edge.shut_out:
                continue
            who = " and ".join(edge.shut_out)
            rules = [
                one for one in projection.protocol.exclusions if one.mandates & {*edge.shut_out}
            ]
            yield Finding(
                "L6",
                projection.step.spot,
                f"{who} is asked or told at {projection.step.id} although"
                f" {' and '.join(one.id for one in rules)} shuts it out",
                "Name another body there, or narrow the exclusion",
                histories.through(automaton, (*way, edge)),
            )
            return
