"""L2 and L3: one holder, and nobody waits unwatched.

L2: custody moves only when somebody accepts, and then nobody else of the step is still asked.
L3: whoever was asked and has not answered has a limit with a ladder (running, or climbed to its
end); custody has one that asks the next; an open referral always has a limit that runs.
"""

from __future__ import annotations

from collections.abc import Iterator

from protocols.lifecycle import Act, Kind, State
from protocols.proof.automaton import Automaton
from protocols.proof.findings import Finding
from protocols.proof.histories import Histories
from protocols.proof.projection import Projection, takes_custody
from protocols.proof.standing import Asked, Standing, Ticking, key_of
from protocols.rungs import RungKind


def one_holder(automaton: Automaton, histories: Histories) -> Iterator[Finding]:
    """L2. The engine promises it whatever a file says; here every answer it gave is looked at."""
    step = automaton.projection.step
    for standing, way in histories.standings(automaton).items():
        for edge in automaton.edges[standing]:
            rivals = edge.custody_moved and edge.end.waiting()
            if (edge.custody_moved and edge.act is not Act.ACCEPT) or rivals:
                yield Finding(
                    "L2",
                    step.spot,
                    f"custody of {step.id} moves without acceptance, or leaves rivals asked",
                    "Only acceptance moves custody, and it closes the rivals: the engine is wrong",
                    histories.through(automaton, (*way, edge)),
                )
                return


def nobody_waits_unwatched(automaton: Automaton, histories: Histories) -> Iterator[Finding]:
    """L3, at the nearest state that fails."""
    projection = automaton.projection
    step = projection.step
    for standing, way in histories.standings(automaton).items():
        for asked in _unanswered(projection, standing):
            if _watched(projection, standing, asked):
                continue
            yield Finding(
                "L3",
                step.spot,
                f"{asked.mandate} was asked for {step.id} and no limit calls anybody if it stays"
                " silent",
                "Give the step a clock 'from: opened' that runs until it has answered"
                + (", with a rung 'ask: next'" if takes_custody(step) else ""),
                histories.through(automaton, way),
            )
            return
        for edge in automaton.edges[standing]:
            if not edge.watched:
                yield Finding(
                    "L3",
                    step.spot,
                    f"no limit runs although the referral is open, after {step.id}",
                    "The review of the track must run while nothing else does",
                    histories.through(automaton, (*way, edge)),
                )
                return


def _unanswered(projection: Projection, standing: Standing) -> tuple[Asked, ...]:
    """Whoever has still to do something; a notice is done with when it has been seen."""
    if projection.step.kind is Kind.NOTICE:
        return tuple(one for one in standing.asked if one.state is State.REQUESTED)
    return standing.waiting()


def _watched(projection: Projection, standing: Standing, asked: Asked) -> bool:
    mine = [one for one in standing.ticking if _watches(projection, one, asked)]
    if not takes_custody(projection.step):
        return bool(mine) or _behind_a_gate(projection, standing)
    return any(_asks_next(projection, one) for one in mine)


def _watches(projection: Projection, one: Ticking, asked: Asked) -> bool:
    step, law = projection.step.id, projection.protocol.clocks[one.clock]
    calls = projection.protocol.index.rungs[one.clock, one.hand_off is not None]
    if not any(call.kind is not RungKind.REMINDER for call in calls):
        return False
    if one.hand_off == key_of(step, asked):
        return True
    return one.hand_off is None and any(word.startswith(f"{step} ") for word in law.stop)


def _asks_next(projection: Projection, one: Ticking) -> bool:
    calls = projection.protocol.index.rungs[one.clock, one.hand_off is not None]
    return any(call.kind is RungKind.FALL_BACK for call in calls)


def _behind_a_gate(projection: Projection, standing: Standing) -> bool:
    """It may not act yet, and a limit begins as soon as it may."""
    step, protocol = projection.step.id, projection.protocol
    return any(
        f"{step} accepted" in gate.forbids
        and standing.events.isdisjoint(gate.until)
        and any(
            clock.step == step and set(clock.start) & set(gate.until)
            for clock in protocol.clocks.values()
        )
        for gate in protocol.gates
    )
