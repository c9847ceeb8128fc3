"""In which order steps can come: an end to every circle, and somebody asked at the beginning.

Knows no recipient but custody and the holder's duties, and no limit.
"""

from __future__ import annotations

from protocols.law import FILING, TRIAGE, Step
from protocols.lifecycle import Kind
from protocols.protocol import Protocol
from protocols.reader import Reader

_NAMED_ENDS = frozenset({"refused", "failed"})


def order_of_steps_ends(protocol: Protocol, reader: Reader) -> None:
    """``follows`` is acyclic, except through a step that may repeat (restriction 4)."""
    after = {step.id: _leads_to(protocol, step) for step in protocol.steps.values()}
    settled: set[str] = set()
    for start in after:
        cycle = _cycle(start, after, (), settled)
        if cycle and not any(protocol.steps[step].repeat > 1 for step in cycle):
            reader.problems.error(
                protocol.steps[cycle[0]].spot,
                f"the steps follow each other in a circle: {' → '.join((*cycle, cycle[0]))}",
                "Break the circle, or say 'repeat: n' at the step that may open again",
            )


def _leads_to(protocol: Protocol, step: Step) -> tuple[str, ...]:
    following = (
        other.id
        for other in protocol.steps.values()
        if any(word.startswith(f"{step.id} ") for word in other.follows)
    )
    routes = (*step.declines.values(), step.if_failed)
    return tuple(dict.fromkeys((*following, *(one for one in routes if one in protocol.steps))))


def _cycle(
    step: str, after: dict[str, tuple[str, ...]], path: tuple[str, ...], settled: set[str]
) -> tuple[str, ...]:
    if step in path:
        return path[path.index(step) :]
    if step in settled:
        return ()
    for following in after[step]:
        found = _cycle(following, after, (*path, step), settled)
        if found:
            return found
    settled.add(step)
    return ()


def somebody_is_asked(protocol: Protocol, reader: Reader) -> None:
    """Filing, and triage where the track has it, open custody or a duty of the holder."""
    moments = [FILING]
    if protocol.applies.reported or protocol.applies.default:
        moments.append(TRIAGE)
    for moment in moments:
        following = [step for step in protocol.steps.values() if moment in step.follows]
        if not any(step.kind is Kind.CUSTODY or step.kept for step in following):
            reader.problems.error(
                protocol.spot,
                f"nobody is asked to take the person over after {moment}",
                f"Let a step of kind custody (or a duty of the holder) follow '{moment}'",
            )


def custody_follows_named_outcomes(protocol: Protocol, reader: Reader) -> None:
    """Restriction 3: tasks and notices reach custody only by named outcomes."""
    for step in protocol.steps.values():
        if step.kind is not Kind.CUSTODY:
            continue
        for word in step.follows:
            name, _, end = word.partition(" ")
            before = protocol.steps.get(name)
            named = before is None or end in before.outcomes or end in _NAMED_ENDS
            if before is not None and before.kind is not Kind.CUSTODY and not named:
                reader.problems.error(
                    step.spot,
                    f"custody step {step.id} follows '{word}', the mere act of a {before.kind}",
                    f"Follow a named outcome of {name} (its 'outcomes'), so that the way is clear",
                )
