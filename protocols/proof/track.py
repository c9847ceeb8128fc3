"""The proof of one version of one track: every step explored, every property read off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from protocols.law import FILING, TRIAGE
from protocols.proof import (
    consistency,
    determinism,
    endings,
    ladders_proof,
    liveness,
    recipients,
    stops,
    totality,
)
from protocols.proof.automaton import MOST_STATES, Automaton, TooManyStates
from protocols.proof.findings import Finding
from protocols.proof.histories import Histories
from protocols.proof.ladders_proof import Silence, said
from protocols.proof.projection import leading_to_the_end, projected, supposing, takes_custody
from protocols.proof.twins import Known, explored_once
from protocols.protocol import Protocol
from protocols.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proved of one track, or what stands against it."""

    track: str
    version: str
    place: str  # where an override makes it another procedure; empty for the track itself
    states: int
    longest: Silence | None
    findings: tuple[Finding, ...]

    @property
    def worst_case(self) -> str:
        """The worst time to a holder and its path, in words."""
        if self.longest is None:
            return "no ladder leads to a holder"
        path = ", then ".join(self.longest.path)
        return f"{said(self.longest.time)} at {self.longest.step}: {path}"


def prove(
    track: Protocol,
    vocabulary: Vocabulary,
    place: str = "",
    *,
    most: int = MOST_STATES,
    known: Known | None = None,
) -> Proof:
    """Prove L1 to L6 and L8 of one track over all its reachable states.

    ``known``: what was explored elsewhere; steps that are equal but for names share it.
    """
    known = {} if known is None else known
    protocol, profiles = supposing(track, vocabulary)
    leading = leading_to_the_end(protocol)
    automata: dict[str, Automaton] = {}
    for name, step in protocol.steps.items():
        if name == protocol.review.step:
            continue
        try:
            automata[name] = explored_once(
                projected(protocol, profiles, step, leading), known, most
            )
        except TooManyStates as found:
            return _unproved(track, place, found)
    begun = tuple(totality.beginnings(protocol, profiles))
    histories = Histories(automata, _beginnings(protocol))
    silences = [
        silence
        for step in track.steps.values()
        if takes_custody(step) and (silence := ladders_proof.longest_silence(track, profiles, step))
    ]
    findings = [
        *totality.everybody_is_received(protocol, begun),
        *determinism.one_closing_for_each_trigger(protocol),
        *determinism.one_lead(protocol, begun),
        *_of_steps(automata, histories),
        *consistency.limits_agree(track, profiles),
        *stops.limits_hear_of_their_end(protocol),
        *endings.every_case_can_end(automata, histories, leading),
        *determinism.every_step_opens(automata, histories),
        *determinism.every_word_can_come(protocol, histories),
    ]
    return Proof(
        track=track.track,
        version=track.version,
        place=place,
        states=sum(len(one.reached) for one in automata.values()),
        longest=max(silences, key=lambda one: one.time, default=None),
        findings=tuple(findings),
    )


def _beginnings(protocol: Protocol) -> dict[str, tuple[str, ...]]:
    told: dict[str, tuple[str, ...]] = {FILING: (FILING,)}
    if protocol.applies.reported or protocol.applies.default:
        told[TRIAGE] = ("filing for triage",)
    for event in protocol.events:
        told[event] = (FILING, f"{event} is recorded")
    return told


def _of_steps(automata: dict[str, Automaton], histories: Histories) -> Iterator[Finding]:
    for automaton in automata.values():
        yield from liveness.one_holder(automaton, histories)
        yield from liveness.nobody_waits_unwatched(automaton, histories)
        yield from recipients.excluded_are_never_asked(automaton, histories)
        if takes_custody(automaton.projection.step):
            yield from ladders_proof.silence_ends(automaton, histories)


def _unproved(track: Protocol, place: str, found: TooManyStates) -> Proof:
    step = track.steps[found.step]
    finding = Finding(
        "L2",
        step.spot,
        f"step {found.step} cannot be proved: it has more states than can be looked at, because"
        f" {', '.join(found.coupling) or 'its recipients and limits'} couple",
        "Split the step, ask fewer at once, or let fewer limits run beside each other",
    )
    return Proof(track.track, track.version, place, 0, None, (finding,))
