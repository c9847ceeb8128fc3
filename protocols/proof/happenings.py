"""What can happen next to one step: acts of parties and of the holder, time, the world around.

Each happening asks the real engine what follows. Acts that nothing tells apart (two reasons with
the same way on, two outcomes nobody waits for) are asked once. A happening of the *world* cannot be
relied on, only expected: a trigger from another step, custody taken elsewhere, new facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from protocols import engine, openings
from protocols.conditions import World
from protocols.decision import ClockState, Decision, PanelVote, Reason, Refused, Run
from protocols.following import settle
from protocols.law import FILER, Closing, Route, Step
from protocols.lifecycle import Act, Kind, Party, State, acts_from
from protocols.moves import WAITING, close, move
from protocols.permits import outcomes_for, panels_of, reasons_for, recordable
from protocols.proof.projection import BEGUN, Projection, is_duty, takes_custody
from protocols.proof.standing import (
    ANOTHER,
    WITH,
    Standing,
    Ticking,
    clock_key,
    key_of,
)
from protocols.proof.supposing import SupposedFacts, SupposedMandates, Suppositions
from protocols.walk import Walk

Asked: TypeAlias = Callable[[Run, SupposedMandates], Decision | Refused]
_PROOF = Reason("", "proof")
_VERBS = {
    Act.ACKNOWLEDGE: "acknowledges",
    Act.ACCEPT: "accepts",
    Act.DECLINE: "declines",
    Act.START: "starts",
    Act.HOLD: "puts off",
    Act.COMPLETE: "completes",
    Act.FAIL: "fails",
    Act.CANCEL: "gives up",
    Act.VOID: "voids",
}


class Whose(StrEnum):
    """Who makes it happen."""

    PARTY = "party"
    HOLDER = "holder"
    TIME = "time"
    WORLD = "world"


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that may happen: in words, by whom, and what the engine is asked."""

    words: str
    whose: Whose
    ask: Asked
    outcome: str | None = None
    act: Act | None = None
    leaves: bool = False  # another body takes the person over


def happenings(projection: Projection, standing: Standing, run: Run) -> Iterator[Happening]:
    """Everything that may happen in this state."""
    for one in standing.asked:
        yield from _acts(projection, standing, key_of(projection.step.id, one), one.mandate)
    yield from _recorded(projection, run)
    for ticking in standing.ticking:
        if not ticking.still:
            yield _lapse(projection, ticking)
    yield from _world(projection, standing)


def _acts(
    projection: Projection, standing: Standing, hand_off: str, mandate: str
) -> Iterator[Happening]:
    step = projection.step
    state = next(one.state for one in standing.asked if key_of(step.id, one) == hand_off)
    for party in Party:
        for act in acts_from(step.kind, state, party):
            if act not in _VERBS or not _told(projection, act, state):
                continue
            who = mandate if party is Party.RECEIVER else "the sender"
            for code, outcome in _carried(projection, act, party):
                said = f"{who} {_VERBS[act]} {step.id}"
                if party is Party.SENDER:
                    said = f"the sender takes back {step.id} from {mandate}"
                if code or outcome:
                    said += f" with {code or outcome}"
                yield _acting(projection, said, hand_off, act, party, code, outcome)


def _told(projection: Projection, act: Act, state: State) -> bool:
    """Whether anything depends on this act."""
    step = projection.step
    if act is Act.ACKNOWLEDGE:
        return step.kind is Kind.NOTICE or f"{step.id} acknowledged" in projection.mentioned
    if act in {Act.START, Act.HOLD}:  # put off before it is begun, it goes on as if begun, unsaid
        return state is State.ACCEPTED
    return True


def _carried(projection: Projection, act: Act, party: Party) -> list[tuple[str | None, str | None]]:
    """Reasons or outcomes, one for each way on."""
    step, protocol = projection.step, projection.protocol
    if act is Act.COMPLETE:
        return [(None, one) for one in _outcomes(projection, step)] or [(None, None)]
    codes = reasons_for(protocol, step.id, act)
    if act is Act.DECLINE:
        ways = {step.declines.get(code, Route.NEXT): code for code in reversed(codes)}
        return [(code, None) for code in ways.values()]
    if act is Act.CANCEL and party is Party.SENDER:
        wrong = [code for code in codes if code == "SENT_TO_WRONG_AGENCY"]
        return [(code, None) for code in (*wrong, *[one for one in codes if one not in wrong][:1])]
    return [(code, None) for code in codes[:1]] or [(None, None)]


def _outcomes(projection: Projection, step: Step) -> list[str]:
    """Outcomes somebody waits for, and one of the others."""
    every = () if step.kind is Kind.NOTICE else outcomes_for(projection.protocol, step.id)
    duties = projection.protocol.index.duties.get(step.id, ())
    waited = [
        one
        for one in every
        if f"{step.id} {one}" in projection.mentioned
        or any(f"{duty.id} {one}" in projection.mentioned for duty in duties)
    ]
    return [*waited, *[one for one in every if one not in waited][:1]]


def _acting(
    projection: Projection,
    said: str,
    hand_off: str,
    act: Act,
    party: Party,
    code: str | None,
    outcome: str | None,
) -> Happening:
    step = projection.step.id if act is Act.COMPLETE else None

    def ask(run: Run, holder: SupposedMandates) -> Decision | Refused:
        steps = panels_of(projection.protocol, run, step, outcome) if step else ()
        return engine.act(
            projection.protocol,
            run,
            hand_off,
            act,
            BEGUN,
            party=party,
            reason_code=code,
            outcome=outcome,
            receiver_mandates=holder,
            panel=_vote(steps),
        )

    return Happening(said, Whose.PARTY, ask, outcome, act)


def _recorded(projection: Projection, run: Run) -> Iterator[Happening]:
    """Outcomes of a duty, asking again, and events that close the referral."""
    protocol, step = projection.protocol, projection.step
    possible = recordable(protocol, run)
    words = [word for word in possible if word.startswith(f"{step.id} ")]
    waited = [word for word in words if word in projection.mentioned or word.endswith(" again")]
    for word in [*waited, *[one for one in words if one not in waited][:1]]:
        yield _record(projection, word)
    if run.open:
        for event in projection.ends_by_event:
            yield _record(projection, event)


def _record(projection: Projection, word: str) -> Happening:
    outcome = word.removeprefix(f"{projection.step.id} ")
    steps = (projection.step,) if outcome in projection.step.outcomes else ()

    def ask(run: Run, holder: SupposedMandates) -> Decision | Refused:  # noqa: ARG001
        return engine.record(projection.protocol, run, word, BEGUN, panel=_vote(steps))

    return Happening(f"{word} is recorded", Whose.HOLDER, ask)


def _vote(steps: tuple[Step, ...]) -> PanelVote | None:
    """Everybody who sits is there and agrees: a panel that cannot decide then never can."""
    panels = [step.panel for step in steps if step.panel is not None]
    sits = panels[0].sits if panels else ()
    return PanelVote(sits, len(sits)) if panels else None


def _lapse(projection: Projection, ticking: Ticking) -> Happening:
    def ask(run: Run, holder: SupposedMandates) -> Decision | Refused:  # noqa: ARG001
        return engine.lapse(projection.protocol, run, clock_key(ticking), BEGUN)

    of = f" of {ticking.hand_off.rpartition('/')[2]}" if ticking.hand_off else ""
    return Happening(f"limit {ticking.clock}{of} passes", Whose.TIME, ask)


def _world(projection: Projection, standing: Standing) -> Iterator[Happening]:
    step = projection.step
    live = standing.live(step.id)
    for word in projection.elsewhere:
        if live and word in projection.only_opens:
            continue  # a step in hand is not opened again
        yield from _come_by(projection, standing, word)
    if projection.routed:
        yield _opened(projection, f"{step.id} opened", again=False)
    if standing.custody != ANOTHER and (takes_custody(step) or FILER in step.ask):
        yield _elsewhere(projection)
    if is_duty(step) and standing.accompanied:
        yield _companion_ends(projection)
    if standing.open and not projection.ends_by_event:
        yield _ended(projection)
    if projection.guarded and standing.open and (standing.waiting() or standing.ticking):
        yield _learned(projection)
    opened = standing.asked or f"{step.id} held" in standing.events
    if opened and standing.open and not standing.live(step.id):
        yield _opened(projection, "new facts open it again", again=True)


def _come_by(projection: Projection, standing: Standing, word: str) -> Iterator[Happening]:
    """A trigger of elsewhere, by the hand-off a duty comes with or by none.

    A limit that it begins need not come with the same hand-off as the duty, which may be in hand
    while another ends.
    """
    accompanied = is_duty(projection.step) and standing.accompanied
    if accompanied:
        yield _triggered(projection, word, WITH)
    if not accompanied or word in projection.protocol.index.starting:
        yield _triggered(projection, word, None)


def _triggered(projection: Projection, word: str, cause: str | None) -> Happening:
    def ask(run: Run, holder: SupposedMandates) -> Decision:  # noqa: ARG001
        walk = _walk(projection, run)
        walk.record(word, _PROOF)
        walk.fire(word, cause)
        return settle(walk)

    return Happening(word, Whose.WORLD, ask)


def _elsewhere(projection: Projection) -> Happening:
    """Another body takes the person over: whoever waits here is no longer needed."""

    def ask(run: Run, holder: SupposedMandates) -> Decision:  # noqa: ARG001
        walk = _walk(projection, run)
        for one in tuple(walk.hand_offs.values()):
            if one.kind is Kind.CUSTODY and one.state in WAITING:
                move(walk, one.id, Act.CANCEL, _PROOF, "SUPERSEDED")
        walk.custody = ANOTHER
        return settle(walk)

    return Happening("another body takes the person over", Whose.WORLD, ask, leaves=True)


def _companion_ends(projection: Projection) -> Happening:
    def ask(run: Run, holder: SupposedMandates) -> Decision:  # noqa: ARG001
        walk = _walk(projection, run)
        move(walk, WITH, Act.COMPLETE, _PROOF)
        return settle(walk)

    return Happening("the hand-off it came with ends", Whose.WORLD, ask)


def _ended(projection: Projection) -> Happening:
    def ask(run: Run, holder: SupposedMandates) -> Decision:  # noqa: ARG001
        walk = _walk(projection, run)
        close(walk, Closing(("elsewhere",), "", ()), "elsewhere")
        return settle(walk)

    return Happening("the referral is closed", Whose.WORLD, ask)


def _learned(projection: Projection) -> Happening:
    def ask(run: Run, holder: SupposedMandates) -> Decision | Refused:  # noqa: ARG001
        return engine.amend(projection.alone, run, run.facts, BEGUN)

    return Happening("new facts are learned", Whose.WORLD, ask)


def _opened(projection: Projection, words: str, *, again: bool) -> Happening:
    """Opened by another step's refusal, or by new facts when its condition had been false."""

    def ask(run: Run, holder: SupposedMandates) -> Decision:  # noqa: ARG001
        walk = _walk(projection, run)
        openings.open_step(walk, projection.step, words, again=again)
        return settle(walk)

    return Happening(words, Whose.WORLD, ask)


def _walk(projection: Projection, run: Run) -> Walk:
    return Walk(projection.protocol, run, BEGUN, World(run.facts, {}))


def supposed_run(supposed: Suppositions) -> tuple[SupposedFacts, SupposedMandates]:
    """Facts and holder about which everything is still to be supposed."""
    return SupposedFacts(supposed=supposed), SupposedMandates.of(supposed)


def running(run: Run) -> bool:
    """Whether any limit runs."""
    return any(one.state is ClockState.RUNNING for one in run.clocks)
