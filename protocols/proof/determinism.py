"""L8: one answer, and every rule can be met. No two rules order opposite things; none is idle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from protocols.law import CLOSED, ROLES, Step
from protocols.problems import Spot
from protocols.proof.automaton import Automaton
from protocols.proof.findings import Finding
from protocols.proof.histories import Histories
from protocols.proof.totality import Beginning
from protocols.protocol import Protocol


def one_closing_for_each_trigger(protocol: Protocol) -> Iterator[Finding]:
    """Two closings after one trigger would end the referral with two outcomes."""
    seen: dict[str, str] = {}
    for closing in protocol.closings:
        for word in closing.after:
            if word in seen and seen[word] != closing.outcome:
                yield Finding(
                    "L8",
                    closing.spot,
                    f"after '{word}' the referral closes with {seen[word]} and with"
                    f" {closing.outcome}",
                    "Keep one of the two closings",
                )
            seen[word] = closing.outcome


def one_lead(protocol: Protocol, begun: Iterable[Beginning]) -> Iterator[Finding]:
    """When several custody steps open at once, one of them leads."""
    told: set[tuple[str, ...]] = set()
    for one in begun:
        leading = [step for step in one.custody if protocol.steps[step].lead]
        if len(one.custody) < 2 or len(leading) == 1 or one.custody in told:  # noqa: PLR2004
            continue
        told.add(one.custody)
        words = f" with {', '.join(one.supposing)}" if one.supposing else ""
        yield Finding(
            "L8",
            protocol.steps[one.custody[0]].spot,
            f"{' and '.join(one.custody)} open at once and {len(leading)} of them lead",
            "Give exactly one of them 'lead: true', or conditions that exclude each other",
            (f"{one.trigger}{words}",),
        )


def every_step_opens(automata: Mapping[str, Automaton], histories: Histories) -> Iterator[Finding]:
    """A step no history opens, a recipient nobody ever asks, a limit that never begins."""
    for name, automaton in automata.items():
        step = automaton.projection.step
        if f"{name} opened" not in histories.triggers:
            yield Finding(
                "L8",
                step.spot,
                f"step {name} is never opened",
                "Let it follow something that can happen, under a condition that can hold",
            )
            continue
        yield from _idle_recipients(automaton, histories, step)
        yield from _idle_clocks(automaton, histories, name)


def _idle_recipients(automaton: Automaton, histories: Histories, step: Step) -> Iterator[Finding]:
    asked = {
        mandate
        for standing in histories.standings(automaton)
        for edge in automaton.edges[standing]
        for _, mandate in edge.opened
    }
    for mandate in step.order:
        if mandate not in asked and mandate not in ROLES:
            yield Finding(
                "L8",
                step.spot,
                f"{mandate} is named in step {step.id} and is never asked",
                "Remove it, or let somebody before it be able to decline or stay silent",
            )


def _idle_clocks(automaton: Automaton, histories: Histories, step: str) -> Iterator[Finding]:
    running = {one.clock for standing in histories.standings(automaton) for one in standing.ticking}
    for clock in automaton.projection.protocol.clocks.values():
        if clock.step == step and clock.id not in running:
            yield Finding(
                "L8",
                clock.spot,
                f"limit {clock.id} never begins to run",
                "Let 'from' name something that can happen while it may run ('runs_if')",
            )


def every_word_can_come(protocol: Protocol, histories: Histories) -> Iterator[Finding]:
    """What steps follow, closings wait for, limits stop at and gates open by can happen."""
    can = histories.triggers | set(protocol.events) | {CLOSED}
    for spot, what, word in _awaited(protocol):
        if word not in can:
            yield Finding(
                "L8",
                spot,
                f"{what} '{word}', which never comes",
                "Remove it, or add what makes it come",
            )
    for clock in protocol.clocks.values():
        if can.isdisjoint(clock.stop):
            yield Finding(
                "L8",
                clock.spot,
                f"nothing that can happen stops limit {clock.id}",
                "Name in 'until' an act or event that can come",
            )
    for gate in protocol.gates:
        if can.isdisjoint(gate.until):
            yield Finding(
                "L8",
                gate.spot,
                f"gate {gate.id} never opens: {' or '.join(gate.until)} never comes",
                "Let 'until' name what can happen, or drop the gate",
            )


def _awaited(protocol: Protocol) -> Iterator[tuple[Spot, str, str]]:
    for step in protocol.steps.values():
        yield from ((step.spot, f"step {step.id} follows", word) for word in step.follows)
    for closing in protocol.closings:
        yield from ((closing.spot, "the referral closes after", word) for word in closing.after)
