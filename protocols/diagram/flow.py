"""Which box follows which: the triggers of a protocol as links between boxes.

What starts a track, what the holder records and how it closes get boxes of their own. Several
triggers that lead from one box to another are one arrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from protocols.diagram.layers import Link, returning
from protocols.law import CLOSED, FILING, TRIAGE
from protocols.protocol import Protocol

START, EVENTS = "start", "events"
DECLINED_FOR = "declined:"
"""Begins the word of a port by which a step leaves that was declined for one reason."""


def closing_box(number: int) -> str:
    """The name of the box of one closing."""
    return f"closing {number}"


def links_of(protocol: Protocol) -> tuple[Link, ...]:
    """Every arrow. The port of a link is the set of triggers that lead along it."""
    found = [
        *(
            link
            for step in protocol.steps.values()
            for link in _to(protocol, step.id, step.follows)
        ),
        *(link for target, words in _routes(protocol) for link in _to(protocol, target, words)),
        *(
            link
            for number, closing in enumerate(protocol.closings)
            for link in _to(protocol, closing_box(number), closing.after)
        ),
    ]
    back = returning(names_of(protocol), found)
    # Gates forbid and do not lead anywhere: they take no part in finding what comes again.
    gated = [
        link
        for gate in protocol.gates
        for target in dict.fromkeys(box for word in gate.forbids for box in _from(protocol, word))
        for link in _to(protocol, target, gate.until, "gate")
    ]
    every = (*found, *gated)
    return tuple(
        Link(one.source, f"< {one.port}", one.target, one.kind) if one in back else one
        for one in every
    )


def names_of(protocol: Protocol) -> tuple[str, ...]:
    """The boxes, in the order of the file."""
    closings = (closing_box(number) for number in range(len(protocol.closings)))
    return (START, EVENTS, *protocol.steps, *closings)


def triggers_of(port: str) -> tuple[str, ...]:
    """The triggers a port stands for."""
    return tuple(port.removeprefix("< ").split(" | "))


def repeats(protocol: Protocol, step: str) -> tuple[str, ...]:
    """The step's own triggers by which it comes again."""
    return tuple(word for word in protocol.steps[step].follows if _from(protocol, word) == (step,))


def _routes(protocol: Protocol) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Steps to which another one goes when it is declined for a reason, or fails."""
    for step in protocol.steps.values():
        routes: dict[str, list[str]] = {}
        for reason, route in step.declines.items():
            routes.setdefault(route, []).append(f"{step.id} {DECLINED_FOR}{reason}")
        routes.setdefault(step.if_failed, []).append(f"{step.id} failed")
        yield from ((to, tuple(words)) for to, words in routes.items() if to in protocol.steps)


def _to(
    protocol: Protocol, target: str, triggers: Iterable[str], kind: str = "follows"
) -> Iterator[Link]:
    by_source: dict[str, list[str]] = {}
    for word in triggers:
        for source in _from(protocol, word):
            if source != target:
                by_source.setdefault(source, []).append(word)
    for source, words in by_source.items():
        late = all(word.endswith(" lapsed") for word in words)
        yield Link(source, " | ".join(words), target, "lapse" if late else kind)


def _from(protocol: Protocol, trigger: str) -> tuple[str, ...]:
    """The boxes a trigger leaves from; all closings for ``closed``."""
    if trigger in {FILING, TRIAGE}:
        return (START,)
    if trigger == CLOSED:
        return tuple(closing_box(number) for number in range(len(protocol.closings)))
    if trigger in protocol.events:
        return (EVENTS,)
    name = trigger.partition(" ")[0].partition(".")[0]
    return (name,)


def ports_of(links: Iterable[Link]) -> Mapping[str, tuple[str, ...]]:
    """The ports each box needs, each once."""
    found: dict[str, dict[str, None]] = {}
    for link in links:
        found.setdefault(link.source, {})[link.port] = None
    return {name: tuple(ports) for name, ports in found.items()}
