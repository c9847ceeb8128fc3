"""What steps, limits, closings and gates follow: every word written must mean something.

Looks at names alone; in which order things can come is ``sequence``'s business.
"""

from __future__ import annotations

from collections.abc import Iterator

from protocols.law import CLOSED, FILING, STEP_WORDS, TRIAGE
from protocols.problems import Spot
from protocols.protocol import Protocol
from protocols.reader import Reader


def triggers_are_known(protocol: Protocol, reader: Reader) -> None:
    """Whatever is followed is an event, act, outcome or limit of this track."""
    known = _known_triggers(protocol, reader)
    for where, spot, words in _written_triggers(protocol):
        for word in words:
            if word not in known:
                reader.problems.error(
                    spot,
                    f"{where} names '{word}', which is no event, act or outcome of this track",
                    _suggestion(word, protocol, known),
                )


def _known_triggers(protocol: Protocol, reader: Reader) -> frozenset[str]:
    found = {FILING, TRIAGE, CLOSED, *protocol.events}
    found.update(f"{clock} lapsed" for clock in protocol.clocks)
    for step in protocol.steps.values():
        found.update(f"{step.id} {word}" for word in STEP_WORDS)
        # A step without a list of its own may end in any outcome of the country.
        outcomes = step.outcomes or (() if step.kept else tuple(reader.country.outcomes))
        found.update(f"{step.id} {word}" for word in outcomes)
    return frozenset(found)


def _written_triggers(protocol: Protocol) -> Iterator[tuple[str, Spot, tuple[str, ...]]]:
    for step in protocol.steps.values():
        yield f"'follows' of step {step.id}", step.spot, step.follows
    for clock in protocol.clocks.values():
        yield f"'from' of clock {clock.id}", clock.spot, clock.start
        yield f"'until' of clock {clock.id}", clock.spot, clock.stop
        yield f"'pauses' of clock {clock.id}", clock.spot, (*clock.pauses.start, *clock.pauses.end)
        yield f"'extends' of clock {clock.id}", clock.spot, clock.extends.by
        yield f"'at_limit' of clock {clock.id}", clock.spot, clock.at_limit
    for closing in protocol.closings:
        yield "'after' of a closing", closing.spot, closing.after
    for gate in protocol.gates:
        yield f"gate {gate.id}", gate.spot, (*gate.forbids, *gate.until)


def _suggestion(word: str, protocol: Protocol, known: frozenset[str]) -> str:
    name = word.partition(" ")[0]
    if name in protocol.steps:
        return "Use one of " + ", ".join(sorted(one for one in known if one.startswith(f"{name} ")))
    events = ", ".join(sorted(protocol.events)) or "(none is declared)"
    return f"Use an event ({events}), 'filing', 'triage', or '<step> <act or outcome>'"


def names_are_free(protocol: Protocol, reader: Reader) -> None:
    """No event is called what means something else."""
    for event, one in protocol.events.items():
        if event in {*STEP_WORDS, FILING, TRIAGE, CLOSED} or event in protocol.steps:
            reader.problems.error(
                one.spot,
                f"the event '{event}' has a name that means something else",
                "Choose another name, like 'child_placed'",
            )
