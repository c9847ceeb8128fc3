"""The abstraction is audited: whole referrals stay inside what was proved step by step."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import pytest

from protocols import engine
from protocols.conditions import World
from protocols.decision import ClockState, Decision, HoldStep, OpenHandOff, Refused, Run
from protocols.following import settle
from protocols.law import FILING, TRIAGE
from protocols.lifecycle import Act, Kind, Party, acts_from
from protocols.permits import outcomes_for, reasons_for, recordable
from protocols.proof.automaton import Automaton, TooManyStates, explored
from protocols.proof.happenings import supposed_run
from protocols.proof.projection import BEGUN, leading_to_the_end, projected, supposing
from protocols.proof.standing import ANOTHER, Standing
from protocols.proof.supposing import Suppositions, every
from protocols.proof.track import prove
from protocols.protocol import Protocol
from protocols.rehearsal import carried_out
from protocols.vocabulary import load_vocabulary
from protocols.walk import Walk
from tests.bench.walks import Audit, Proved, seen_by, walk_one
from tests.protocols.moments import CATALOGUE, IN_FORCE
from tests.protocols.proof.small import SOUND, track_of


@pytest.mark.parametrize("track", ["child_protection", "trafficking"])
def test_random_histories_stay_inside_what_was_proved(track: str) -> None:
    law = next(one for one in CATALOGUE.in_force("ZZ", IN_FORCE) if one.track == track)
    proved, audit = Proved.of(law, CATALOGUE), Audit()
    draw = random.Random(3)  # noqa: S311 - repeatable
    while audit.steps < 1500:
        walk_one(law, CATALOGUE, proved, audit, draw)
    assert (audit.without_limit, audit.without_holder, audit.example) == (0, 0, "")


def moves(  # noqa: C901 - one way for each kind of move
    protocol: Protocol, run: Run
) -> Iterator[tuple[str, ...]]:
    """Everything that can happen to a whole referral, with every reason and outcome."""
    for one in run.hand_offs:
        for party in Party:
            acts = [*acts_from(one.kind, one.state, party)]
            for act in [*acts, *[Act.COMPLETE for act in acts if act is Act.START]]:
                if act is Act.COMPLETE and one.kind is not Kind.NOTICE:
                    for outcome in outcomes_for(protocol, one.step):
                        yield "act", one.id, act, party, "", outcome
                else:
                    for code in reasons_for(protocol, one.step, act) or ("",):
                        yield "act", one.id, act, party, code, ""
    for clock in run.clocks:
        if clock.state is ClockState.RUNNING:
            yield "lapse", clock.id
    for event in recordable(protocol, run):
        yield "record", event
    if run.open:
        yield ("learn",)


def answer(protocol: Protocol, run: Run, move: tuple[str, ...]) -> Decision | Refused:
    if move[0] == "act":
        _, hand_off, act, party, code, outcome = move
        return engine.act(
            protocol, run, hand_off, Act(act), BEGUN, party=Party(party),
            reason_code=code or None, outcome=outcome or None,
            receiver_mandates=run.holder_mandates,
        )  # fmt: skip
    if move[0] == "record":
        return engine.record(protocol, run, move[1], BEGUN)
    return engine.amend(protocol, run, run.facts, BEGUN)


def passed(protocol: Protocol, run: Run, clock: str) -> Run:
    """After the next rung that does anything but tell somebody."""
    while True:
        found = engine.lapse(protocol, run, clock, BEGUN)
        if not isinstance(found, Decision):
            return run
        run = carried_out(run, found)
        if found.all(OpenHandOff) or found.all(HoldStep):
            return run


def with_facts(run: Run, supposed: Suppositions) -> Run:
    facts, holder = supposed_run(supposed)
    held = {name: getattr(run, name) for name in run.__dataclass_fields__}
    return Run(**{**held, "facts": facts, "holder_mandates": holder})


def short(run: Run) -> Run:
    """Without what ended long ago, so that brute force comes to an end."""
    latest = {}
    for one in run.hand_offs:
        latest[one.step, one.mandate] = one
    held = {name: getattr(run, name) for name in run.__dataclass_fields__}
    kept = [one for one in run.clocks if one.state.live or one.state is ClockState.LAPSED]
    live = tuple(replace(one, id=f"{one.clock}#{n}") for n, one in enumerate(kept, 1))
    return Run(**{**held, "hand_offs": tuple(latest.values()), "clocks": live})


def brute(  # noqa: C901 - the whole walk, in one place
    protocol: Protocol, groups: tuple[tuple[tuple[bool | None, ...], ...], ...],
    automata: dict[str, Automaton],
) -> dict[str, set[Standing]]:  # fmt: skip
    """Every state of every step that the whole referral, walked without projection, comes to."""

    def read(run: Run) -> tuple[Standing, ...]:
        return tuple(seen_by(protocol, one, run)[0] for one in automata.values())

    found: dict[str, set[Standing]] = {name: set() for name in automata}
    queue: deque[Run] = deque()
    seen: set[tuple[object, ...]] = set()

    def keep(run: Run) -> None:
        review = any(one.clock == protocol.review.id for one in run.clocks)
        key = (*read(run), review, run.custody is None, len(run.clocks) > 6)
        if key not in seen:
            seen.add(key)
            queue.append(run)
            for name, standing in zip(automata, read(run), strict=True):
                found[name].add(standing)

    for trigger in (FILING, TRIAGE):

        def begin(supposed: Suppositions, trigger: str = trigger) -> Run:
            facts, holder = supposed_run(supposed)
            run = Run(facts, (), protocol.country, holder_mandates=holder)
            walk = Walk(protocol, run, BEGUN, World(facts, {}))
            walk.fire(trigger)
            return carried_out(run, settle(walk))

        for run, _ in every(groups, begin):
            keep(run)
    while queue:
        run = queue.popleft()
        for move in moves(protocol, with_facts(run, Suppositions((), ()))):

            def ask(supposed: Suppositions, run: Run = run, move: tuple[str, ...] = move) -> Run:
                now = with_facts(run, supposed)
                if move[0] == "lapse":
                    return passed(protocol, now, move[1])
                if move[2:3] == (Act.COMPLETE,):  # begun and done
                    begun = answer(protocol, now, (*move[:2], Act.START, *move[3:5], ""))
                    now = carried_out(now, begun) if isinstance(begun, Decision) else now
                found = answer(protocol, now, move)
                outcome = move[5] if move[0] == "act" else None
                return carried_out(now, found, outcome=outcome or None) if isinstance(
                    found, Decision
                ) else run  # fmt: skip

            for after, _ in every(groups, ask):
                keep(short(after))
    return found


def test_on_a_small_track_it_equals_brute_force() -> None:
    track, vocabulary = track_of(SOUND), load_vocabulary()
    protocol, profiles = supposing(track, vocabulary)
    leading = leading_to_the_end(protocol)
    automata = {
        name: explored(projected(protocol, profiles, step, leading))
        for name, step in protocol.steps.items()
        if name != protocol.review.step
    }
    walked = brute(protocol, profiles.groups, automata)
    for name, automaton in automata.items():
        # Custody elsewhere cannot be in a track with one custody step.
        proved = {one for one in automaton.reached if one.custody != ANOTHER}
        outside = {one for one in walked[name] if one not in proved}
        assert not {one for one in outside if not one.events}, name
        assert {one.asked for one in proved} == {one.asked for one in walked[name]}, name


def test_a_component_that_is_too_large_is_refused_and_names_what_couples_it() -> None:
    track, vocabulary = track_of(SOUND), load_vocabulary()
    protocol, profiles = supposing(track, vocabulary)
    small = projected(protocol, profiles, protocol.steps["Q2"], frozenset())
    with pytest.raises(TooManyStates, match="Q2: more than 3 states, Q1 accepted"):
        explored(small, 3)
    (finding,) = prove(track, vocabulary, most=3).findings
    assert finding.message.startswith("step Q1 cannot be proved")
    assert "filing, triage" in finding.message
    assert prove(track, vocabulary, most=3).worst_case == "no ladder leads to a holder"
