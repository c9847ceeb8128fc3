"""What now? Five questions, each answered with a ``Decision`` or with ``Refused``.

Its own law:

1. Pure: the protocol, the run, the facts and the time are handed in; nothing else is read. The
   same question has the same answer. No database, no names of people or agencies.
2. Nothing silent. An act that is not possible is ``Refused`` with the rule, the state and what
   would be possible; then nothing has changed.
3. Only the acceptance of a custody hand-off moves custody, and it closes the rivals. What a former
   holder does afterwards to the hand-off it once accepted no longer moves the referral.
4. ``at`` is when it is told, ``occurred_at`` when it happened; limits are judged by the latter.

``file`` opens, ``act`` moves one hand-off, ``record`` writes an event, ``amend`` reads the
conditions again, ``lapse`` is time itself. What follows from each is ``walk``'s business.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from protocols import amendments, answers, limits, openings
from protocols.beginnings import begun
from protocols.conditions import World
from protocols.decision import (
    ClockState,
    Decision,
    HandOffState,
    MoveCustody,
    Opening,
    PanelVote,
    Reason,
    Refused,
    Run,
    RunningClock,
)
from protocols.exclusions import excluded
from protocols.facts import Facts
from protocols.following import settle
from protocols.law import SUPERVISOR_OF_HOLDER
from protocols.lifecycle import Act, Kind, Party, State
from protocols.moves import WAITING, move
from protocols.permits import refusal, refused_event
from protocols.protocol import Protocol
from protocols.rungs import RungKind
from protocols.tracks import applying
from protocols.walk import Walk

MOST_PERSONS = 1000


def world_of(run: Run) -> World:
    """What conditions may read of this run."""
    return World(run.facts, dict(run.results), run.reported, run.urgency)


def file(
    tracks: Sequence[Protocol],
    run: Run,
    at: datetime,
    *,
    person_count: int = 1,
    running: frozenset[str] = frozenset(),
) -> tuple[Opening, ...]:
    """Open one referral per track the person comes under; empty when nothing is indicated.

    ``at``: the moment of the facts (``occurred_at``) if it is told, from which limits run.
    ``person_count``: 1 to 1,000 persons not yet told apart, filed as one until ``amend`` splits.
    Events of the run that have already happened are followed up at once.
    """
    if not 1 <= person_count <= MOST_PERSONS:
        message = f"{person_count} persons cannot be filed at once: 1 to {MOST_PERSONS}"
        raise ValueError(message)
    world = world_of(run)
    return tuple(
        Opening(
            track.track,
            rank == 0,
            triage,
            begun(track.at(run.place), run, at, world, triage=triage),
        )
        for rank, (track, triage) in enumerate(applying(tracks, world, running=running))
    )


def act(  # noqa: PLR0913 - what a party may bring along with an act
    protocol: Protocol,
    run: Run,
    hand_off: str,
    act: Act,
    at: datetime,
    *,
    party: Party,
    reason_code: str | None = None,
    outcome: str | None = None,
    occurred_at: datetime | None = None,
    receiver_mandates: frozenset[str] | None = None,
    panel: PanelVote | None = None,
) -> Decision | Refused:
    """One party does one thing to one hand-off.

    ``receiver_mandates``: on acceptance, what else the receiver's unit serves at this place.
    ``panel``: how the panel voted, where the step's outcomes are those of one.
    """
    protocol = protocol.at(run.place)
    found = next((one for one in run.hand_offs if one.id == hand_off), None)
    if found is None:
        return Refused(act, "known hand-off", "This referral has no such hand-off.")
    doing = answers.Doing(found, act, party, at, reason_code, outcome, occurred_at, panel)
    no = refusal(protocol, run, doing)
    if no is not None:
        return no
    walk = Walk(protocol, run, occurred_at or at, world_of(run))
    if act is Act.ACCEPT:
        _accept(walk, found, receiver_mandates)
    else:
        answers.carry(walk, doing)
    return settle(walk)


def _accept(walk: Walk, found: HandOffState, mandates: frozenset[str] | None) -> None:
    step = walk.protocol.steps[found.step]
    reason = Reason(step.id, "accepted", step.sources)
    if found.state is State.REQUESTED:
        move(walk, found.id, Act.ACKNOWLEDGE, reason)
        walk.fire(f"{step.id} acknowledged", found.id)
    move(walk, found.id, Act.ACCEPT, reason)
    if found.kind is Kind.CUSTODY:
        walk.add(MoveCustody(found.id, reason))
        walk.custody = found.id
        walk.holder_mandates = mandates or frozenset({found.mandate})
    for rival in tuple(walk.hand_offs.values()):
        if rival.id != found.id and answers.is_rival(walk, found, rival):
            move(walk, rival.id, Act.CANCEL, reason, "SUPERSEDED")
    walk.fire(f"{step.id} accepted", found.id)


def record(
    protocol: Protocol, run: Run, event: str, at: datetime, *, panel: PanelVote | None = None
) -> Decision | Refused:
    """The holder records an event, the outcome of a duty it keeps, or asks for a step again.

    ``rescued`` · ``AR-T05 SENT_TO_COURT`` · ``AR-T04 again``. ``at`` is when it happened,
    ``panel`` how the panel voted where the outcome is that of one.
    """
    protocol = protocol.at(run.place)
    no = refused_event(protocol, run, event, panel)
    if no is not None:
        return no
    walk = Walk(protocol, run, at, world_of(run))
    name, _, word = event.partition(" ")
    step = protocol.steps.get(name)
    rule = f"recorded: {panel}" if panel else "recorded"
    reason = Reason(name, rule, step.sources if step else ())
    if step is not None and word == "again":
        openings.open_step(walk, step, "asked again by the holder", again=True)
        return settle(walk)
    walk.record(event, reason)
    if step is not None and word != "completed":
        walk.record(f"{name} completed", reason)
        walk.fire(f"{name} completed")
    walk.fire(event)
    return settle(walk)


def amend(
    protocol: Protocol,
    run: Run,
    facts: Facts,
    at: datetime,
    *,
    results: tuple[tuple[str, str], ...] | None = None,
    urgency: str | None = None,
) -> Decision | Refused:
    """Read the conditions again with new facts (the run holds the old ones).

    ``results`` and ``urgency`` are those of the new screening; left out, the run's stay. Steps may
    open, hand-offs nobody accepted may become unneeded; what was accepted stays accepted.
    Whether *other* tracks now apply is asked with ``file(..., running=…)``.
    """
    if not run.open:
        return Refused("amend", "open referral", "The referral is closed: file a new one.")
    protocol, old = protocol.at(run.place), world_of(run)
    new = World(
        facts,
        dict(run.results if results is None else results),
        run.reported,
        run.urgency if urgency is None else urgency,
    )
    walk = Walk(protocol, run, at, new)
    amendments.read_again(walk, old)
    return settle(walk)


def lapse(protocol: Protocol, run: Run, clock: str, at: datetime) -> Decision | Refused:
    """Time passes: the next rung of this clock fires (``at``: the rung's own moment)."""
    running = next((one for one in run.clocks if one.id == clock), None)
    if running is None or running.state is not ClockState.RUNNING:
        state = running.state if running else "unknown"
        return Refused("lapse", "running clock", f"This clock is {state}: nothing lapses.")
    walk = Walk(protocol.at(run.place), run, at, world_of(run))
    law = limits.law_of(walk, running)
    passes_limit = False
    for rung in limits.climb(walk, running):
        _call(walk, running, rung.kind, rung.to)
        passes_limit = passes_limit or rung.at == running.due_at
    if passes_limit:
        walk.fire(f"{law.id} lapsed", running.hand_off)
    if law.recurs and walk.clocks[running.id].state is ClockState.LAPSED:
        limits.begin(walk, law, running.hand_off, f"{law.id} recurs")
    return settle(walk)


def next_rung(protocol: Protocol, running: RunningClock) -> datetime:
    """The moment at which this clock lapses next, given the rungs already fired.

    ``protocol``: as it stands at the referral's place (``protocol.at``).
    """
    return limits.rungs_of(protocol, running)[running.rung].at


def _call(walk: Walk, running: RunningClock, kind: RungKind, to: str) -> None:
    """Tell somebody, or ask the next recipient; never the body that let the limit pass."""
    law = limits.law_of(walk, running)
    step = walk.protocol.steps[law.step]
    hand_off = walk.hand_offs.get(running.hand_off or "")
    if kind is RungKind.FALL_BACK:
        asked = limits.bound_to(walk, running)
        if asked is not None and asked.state in WAITING:
            rule = f"{law.id} passed without an answer"
            if openings.ask_next(walk, step, asked.opening, rule):
                return
        to = law.escalates_to or SUPERVISOR_OF_HOLDER
        kind = RungKind.ALERT
    lapsing = hand_off is not None and to == hand_off.mandate
    if lapsing or excluded(walk, step, to):
        to = SUPERVISOR_OF_HOLDER
    limits.escalate(walk, running, kind, to)
