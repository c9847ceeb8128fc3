"""The audit of the proof: random histories of whole referrals stay inside what was proved.

Referrals of real people (drawn with a seed) go through the real engine with all their steps at once:
anybody acts, time passes, facts change. After every step the referral has a limit that runs or is
closed, custody is somebody's, and each of its steps stands where the proof says it can stand.
"""

from __future__ import annotations

import multiprocessing
import os
import random
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import repeat
from types import MappingProxyType
from typing import Any

from protocols import engine
from protocols.catalogue import Catalogue
from protocols.conditions import FlagIs, Includes, atoms
from protocols.decision import ClockState, Decision, PanelVote, Refused, Run, RunningClock
from protocols.facts import Facts
from protocols.lifecycle import Act, Kind, Party, acts_from
from protocols.limits import rungs_of
from protocols.permits import outcomes_for, panels_of, reasons_for, recordable
from protocols.proof.automaton import Automaton
from protocols.proof.projection import (
    Projection,
    is_duty,
    leading_to_the_end,
    projected,
    supposing,
)
from protocols.proof.standing import WITH, Standing, standing_of
from protocols.proof.twins import Known, explored_once
from protocols.protocol import Protocol
from protocols.rehearsal import carried_out
from protocols.rungs import RungKind
from protocols.screening import screen

BEGIN = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
LONGEST = 60  # steps of one history
_FLAGS = (
    *("works", "danger_now", "high_risk", "rural_site", "foreign_national", "parents_known"),
    *("contact_accepted", "without_documents", "hotline_unreachable", "in_the_act"),
)


@dataclass(slots=True)
class Audit:
    """What was walked and what was found outside the proof."""

    steps: int = 0
    histories: int = 0
    without_limit: int = 0
    without_holder: int = 0
    outside: int = 0
    example: str = ""


@dataclass(frozen=True, slots=True)
class Proved:
    """The states proved for each step of one track, and by what in a run each can be moved."""

    track: Protocol
    automata: dict[str, Automaton]
    moved_by: dict[str, frozenset[str]]  # a step, limit or event -> the automata that see it

    @classmethod
    def of(cls, track: Protocol, catalogue: Catalogue, known: Known | None = None) -> Proved:
        """Explore every step; ``known``: what was explored of other tracks of the country."""
        vocabulary = catalogue.shelves[track.country].vocabulary
        protocol, profiles = supposing(track, vocabulary)
        leading = leading_to_the_end(protocol)
        known = {} if known is None else known
        automata = {
            name: explored_once(projected(protocol, profiles, step, leading), known)
            for name, step in protocol.steps.items()
            if name != protocol.review.step
        }
        moved_by: dict[str, set[str]] = {}
        for name, automaton in automata.items():
            projection = automaton.projection
            for word in (name, *projection.protocol.clocks, *projection.events):
                moved_by.setdefault(word, set()).add(name)
        return cls(track, automata, {word: frozenset(names) for word, names in moved_by.items()})

    def outside(self, run: Run, before: Run | None = None) -> Iterator[tuple[str, Standing]]:
        """The steps of a run that stand where the proof does not know them.

        ``before``: the run one step earlier, which was looked at; what has not moved is not again.
        """
        for name in self.automata if before is None else self._moved(before, run):
            automaton = self.automata[name]
            seen = seen_by(self.track, automaton, run)
            if automaton.reached.keys().isdisjoint(seen):
                yield name, seen[0]

    def _moved(self, before: Run, after: Run) -> Iterable[str]:
        if (before.open, before.custody) != (after.open, after.custody):
            return self.automata
        # What a decision leaves alone is the very same value afterwards.
        same = {*map(id, before.hand_offs), *map(id, before.clocks)}
        words = {one.step for one in after.hand_offs if id(one) not in same}
        words |= {one.clock for one in after.clocks if id(one) not in same}
        words |= after.events - before.events
        found = (self.moved_by.get(word, frozenset()) for word in words)
        return sorted(frozenset[str]().union(*found))


def seen_by(track: Protocol, automaton: Automaton, run: Run) -> tuple[Standing, ...]:
    """Where a whole referral stands for one step, in each way its history allows to read it.

    A spent limit calls nobody any more. The proof may know the state without it only: there whoever
    waits is watched by what still runs, and that runs here as well.
    """
    projection = automaton.projection
    asked = {one.id for one in run.hand_offs if one.step == projection.step.id}
    if is_duty(projection.step):
        asked = {one.id for one in run.hand_offs}
    clocks = [
        _in_the_proof(track, projection, one, kept=one.hand_off not in asked)
        for one in run.clocks
        if one.clock in projection.protocol.clocks
    ]
    if not is_duty(projection.step):
        return tuple(_refused(automaton, run, clocks))
    accompanied = _accompanied(run, clocks)
    clocks = [replace(one, hand_off=WITH) if one.hand_off else one for one in clocks]
    stands = _with_and_without_spent(projection, run, clocks)
    over = Standing(open=False)
    return tuple(
        one if one == over else replace(one, accompanied=with_it)
        for one in stands
        for with_it in accompanied
    )


def _with_and_without_spent(
    projection: Projection, run: Run, clocks: list[RunningClock]
) -> tuple[Standing, ...]:
    unspent = [one for one in clocks if one.state is not ClockState.LAPSED]
    kept = (clocks,) if len(unspent) == len(clocks) else (clocks, unspent)
    return tuple(standing_of(projection, replace(run, clocks=tuple(one))) for one in kept)


def _refused(automaton: Automaton, run: Run, clocks: list[RunningClock]) -> Iterator[Standing]:
    """A run does not say in which opening somebody refused: of a former one if all still wait."""
    refused = frozenset({f"{automaton.projection.step.id} refused"})
    for one in _with_and_without_spent(automaton.projection, run, clocks):
        if any(asked.state.terminal for asked in one.asked):
            yield one
        yield replace(one, events=one.events - refused)


def _accompanied(run: Run, clocks: list[RunningClock]) -> tuple[bool, ...]:
    """Whether the hand-off a duty came with is still in hand: a run does not say which it is."""
    in_hand = {one.id for one in run.hand_offs if not one.state.terminal}
    if any(one.state.live and one.hand_off in in_hand for one in clocks):
        return (True,)
    return (True, False) if in_hand else (False,)


def _in_the_proof(
    track: Protocol, projection: Projection, one: RunningClock, *, kept: bool
) -> RunningClock:
    """The limit as the proof knows it: there each is equally long, so that hours late come sooner.

    ``kept``: of a step the holder keeps itself it is the holder's own, whatever it began with.
    """
    late = track.index.rungs[one.clock, True][-1].late
    if not late and (one.hand_off is None or not kept):
        return one
    real, known = rungs_of(track, one), projection.rungs[one.clock, not kept]
    lapsing = f"{one.clock} lapsed" in projection.mentioned
    fired = {
        rung.at
        for rung in real[: one.rung]
        if rung.kind is RungKind.FALL_BACK or (lapsing and rung.at == one.due_at)
    }
    hand_off = None if kept else one.hand_off
    if one.rung < len(real) and (len(fired) < len(known.matter) or known.last not in known.matter):
        return replace(one, hand_off=hand_off, rung=known.at(len(fired)))
    state = ClockState.LAPSED if one.state is ClockState.RUNNING else one.state
    return replace(one, hand_off=hand_off, rung=known.last + 1, state=state)


def run(countries: tuple[str, ...], *, steps: int, seed: int) -> dict[str, Any]:
    """Walk so many steps, shared by all tracks of these countries (all, if none is named)."""
    catalogue = Catalogue.load()
    chosen = countries or catalogue.countries
    tracks = [track for country in chosen for track in _tracks(country, catalogue)]
    each = -(-steps // len(tracks))  # rather one more than one less
    count = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(count, multiprocessing.get_context("fork")) as pool:
        told = pool.map(_audited, chosen, repeat(each), repeat(seed))
        found = {name: audit for country in told for name, audit in country.items()}
    return {**found, "all": _summed(found.values())}


def _tracks(country: str, catalogue: Catalogue) -> tuple[Protocol, ...]:
    return catalogue.in_force(country, date(2026, 11, 1))


def _audited(country: str, steps: int, seed: int) -> dict[str, dict[str, Any]]:
    """So many steps of each track of a country."""
    catalogue = Catalogue.load()
    known: Known = {}
    found = {}
    for track in _tracks(country, catalogue):
        proved, audit = Proved.of(track, catalogue, known), Audit()
        draw = random.Random(seed)  # noqa: S311 - repeatable
        while audit.steps < steps:
            audit.histories += 1
            walk_one(track, catalogue, proved, audit, draw)
        found[f"{country} {track.track}"] = asdict(audit)
    return found


def _summed(audits: Collection[dict[str, Any]]) -> dict[str, Any]:
    counts = [name for name in Audit.__dataclass_fields__ if name != "example"]
    return {name: sum(one[name] for one in audits) for name in counts}


def walk_one(
    track: Protocol, catalogue: Catalogue, proved: Proved, audit: Audit, draw: random.Random
) -> None:
    """One history from filing on, looked at after every step."""
    run, before, told = _filed(track, catalogue, draw), None, ["filing"]
    for place in range(LONGEST):
        _look(run, before, proved, audit, told)
        moves = list(_possible(track, run))
        if not moves:
            return
        move = draw.choice(moves)
        before = run
        run = _moved(track, catalogue, run, move, draw, BEGIN + timedelta(hours=place))
        told.append(" ".join(str(one) for one in move))
        audit.steps += 1


def _look(run: Run, before: Run | None, proved: Proved, audit: Audit, told: list[str]) -> None:
    running = any(one.state is ClockState.RUNNING for one in run.clocks)
    holder = next((one for one in run.hand_offs if one.id == run.custody), None)
    audit.without_limit += run.open and not running
    audit.without_holder += run.custody is not None and (
        holder is None or holder.kind is not Kind.CUSTODY
    )
    for step, standing in proved.outside(run, before):
        audit.outside += 1
        audit.example = audit.example or f"{step} {standing} after {'; '.join(told)}"


def _situation(draw: random.Random) -> Facts:
    values: dict[str, Any] = {
        "age": draw.choice([None, 0, 11, 14, 15, 17, 18, 40]),
        "age_disputed": draw.choice([None, None, True]),
        "beneficiary": draw.choice([None, "parent", "other"]),
        "acts": draw.choice([None, frozenset({"RECRUITMENT"})]),
        "means": draw.choice([None, frozenset(), frozenset({"FRAUD"})]),
        "purposes": draw.choice([None, frozenset({"FORCED_LABOUR"})]),
        **{flag: draw.choice([True, False, None]) for flag in _FLAGS},
    }
    known = {name: value for name, value in values.items() if value is not None}
    return Facts(MappingProxyType(known))


def _coming_under(track: Protocol, draw: random.Random) -> Facts:
    """Somebody about whom the facts may be known that the track asks of those who come under it."""
    known = dict(_situation(draw).values)
    for atom in atoms(track.applies.when):
        if isinstance(atom, FlagIs):
            known[atom.fact] = draw.choice([True, False])
        elif isinstance(atom, Includes):
            known[atom.fact] = frozenset(draw.sample(sorted(atom.codes), 1))
    return Facts(MappingProxyType(known))


def _filed(track: Protocol, catalogue: Catalogue, draw: random.Random) -> Run:
    """Somebody who comes under the track, or is brought into its triage."""
    law = catalogue.country(track.country)
    mandates = sorted(law.mandates)
    while True:
        facts = _coming_under(track, draw)
        found = screen(law.parameters, facts)
        run = Run(
            facts,
            found.results,
            track.country,
            reported=draw.choice([None, *sorted(track.applies.reported)]),
            urgency=str(found.urgency),
            holder_mandates=frozenset(draw.sample(mandates, draw.choice([0, 1, 2]))),
        )
        for opening in engine.file((track,), run, BEGIN):
            return carried_out(run, opening.decision)


def _possible(track: Protocol, run: Run) -> Iterator[tuple[Any, ...]]:
    for one in run.hand_offs:
        for party in Party:
            for act in acts_from(one.kind, one.state, party):
                yield "act", one.id, act, party
    for clock in run.clocks:
        if clock.state is ClockState.RUNNING:
            yield "lapse", clock.id
    for event in recordable(track, run):
        yield "record", event
    if run.open:
        yield ("amend",)


def _moved(
    track: Protocol,
    catalogue: Catalogue,
    run: Run,
    move: tuple[Any, ...],
    draw: random.Random,
    at: datetime,
) -> Run:
    answer: Decision | Refused
    outcome = None
    if move[0] == "act":
        _, hand_off, act, party = move
        found = next(one for one in run.hand_offs if one.id == hand_off)
        reasons = reasons_for(track, found.step, act) or (None,)
        if act is Act.COMPLETE and found.kind is not Kind.NOTICE:
            outcome = draw.choice(outcomes_for(track, found.step))
        steps = panels_of(track, run, found.step, outcome) if act is Act.COMPLETE else ()
        answer = engine.act(
            track,
            run,
            hand_off,
            act,
            at,
            party=party,
            reason_code=draw.choice(reasons),
            outcome=outcome,
            panel=_vote(steps),
        )
    elif move[0] == "lapse":
        clock = next(one for one in run.clocks if one.id == move[1])
        answer = engine.lapse(track, run, clock.id, engine.next_rung(track, clock))
    elif move[0] == "record":
        step = track.steps.get(move[1].partition(" ")[0])
        panel = step is not None and step.panel is not None and not move[1].endswith(" again")
        answer = engine.record(track, run, move[1], at, panel=_vote((step,) if panel else ()))
    else:
        return _learned(track, catalogue, run, draw, at)
    return carried_out(run, answer, outcome=outcome) if isinstance(answer, Decision) else run


def _vote(steps: Any) -> PanelVote | None:
    panels = [step.panel for step in steps]
    return PanelVote(panels[0].sits, len(panels[0].sits)) if panels else None


def _learned(
    track: Protocol, catalogue: Catalogue, run: Run, draw: random.Random, at: datetime
) -> Run:
    facts = _situation(draw)
    found = screen(catalogue.country(track.country).parameters, facts)
    urgency = str(found.urgency)
    answer = engine.amend(track, run, facts, at, results=found.results, urgency=urgency)
    assert isinstance(answer, Decision), answer
    after = carried_out(run, answer)
    return replace(after, facts=facts, results=found.results, urgency=urgency)
