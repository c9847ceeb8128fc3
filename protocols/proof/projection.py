"""One step by itself: the protocol its automaton runs under.

Steps couple through what they follow, gates, what starts and stops limits, and acceptance of
custody elsewhere. From inside one step each of these may happen at any moment, so a step is proved
by itself and together all steps are (protocol language 4, steps 3 to 6). What is kept:

* the step with all its limits, and the limits of other steps that its acts would stop;
* the steps that follow it, so that it is seen whether somebody takes over (``endings``);
* gates in front of its acts, every exclusion, every closing.

How long a limit is makes no difference here, since it may pass at any time: all are the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from protocols.conditions import Always, Condition
from protocols.decision import RunningClock
from protocols.law import CLOSED, HOLDER, ROLES, Clock, Step
from protocols.lifecycle import Kind
from protocols.limits import rungs_of
from protocols.proof.narrowing import asking_only_this, names_of
from protocols.proof.profiles import Profiles, profiles_of
from protocols.protocol import Protocol
from protocols.rungs import RungKind
from protocols.vocabulary import Vocabulary
from protocols.working_time import Calendars, Limit, Unit

SAME_FOR_ALL = Limit(100, Unit.HOURS)
BEGUN = datetime(2000, 1, 3, tzinfo=UTC)
DUE = BEGUN + timedelta(hours=SAME_FOR_ALL.amount)
NO_CLOSED_DAYS = Calendars.from_mapping(
    {
        "version": "proof",
        "language": "en",
        "covered": {"from": 2000, "to": 2000},
        "default": "every_day",
        "calendars": {"every_day": {"names": {"en": "Every day"}, "weekend": []}},
    },
    "UTC",
)


@dataclass(frozen=True, slots=True)
class Rungs:
    """Places in a ladder: of the moments that matter, and of the last one."""

    matter: tuple[int, ...]
    last: int

    def at(self, fired: int) -> int:
        """The rung that fires next when so many that matter have fired."""
        return self.matter[fired] if fired < len(self.matter) else self.last


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """What the automaton of one step needs.

    ``alone`` is the protocol without the steps that follow. ``elsewhere`` are triggers that come
    from outside the step, ``mentioned`` every trigger of the steps and limits in it that anything
    reads, ``events`` what is read of the history. ``rungs``: of each limit (with a hand-off or
    without), the first rung of each moment after which the protocol behaves differently, and of
    the last moment.
    """

    step: Step
    protocol: Protocol
    alone: Protocol
    profiles: Profiles
    elsewhere: tuple[str, ...]
    only_opens: frozenset[str]  # of these, what does nothing but open the step
    mentioned: frozenset[str]
    events: frozenset[str]
    routed: bool  # whether a refusal or failure of another step may lead here
    rungs: Mapping[tuple[str, bool], Rungs]
    ends_by_event: tuple[str, ...]  # recorded by the holder they close the referral; of like one
    guarded: bool  # whether new facts can change anything for it
    names: frozenset[str]  # of everything in the track: words its author chose


def supposing(protocol: Protocol, vocabulary: Vocabulary) -> tuple[Protocol, Profiles]:
    """The same protocol with guards that are supposed, and limits that may pass at any time."""
    profiles = profiles_of(_guards(protocol), vocabulary)
    made = replace(
        protocol,
        steps={
            name: replace(one, when=profiles.replaced(one.when))
            for name, one in protocol.steps.items()
        },
        clocks={name: _timeless(one, profiles) for name, one in protocol.clocks.items()},
        review=_timeless(protocol.review, profiles),
        exclusions=tuple(
            replace(one, when=profiles.replaced(one.when)) for one in protocol.exclusions
        ),
        asks_for=(),
        overrides=(),
        local=(),
        calendars=NO_CLOSED_DAYS,
    )
    return made, profiles


def projected(
    protocol: Protocol, profiles: Profiles, step: Step, leading: frozenset[str]
) -> Projection:
    """This step of a protocol made by ``supposing``; ``leading``: see ``leading_to_the_end``."""
    clocks = {name: clock for name, clock in protocol.clocks.items() if clock.step == step.id}
    if not any(f"{step.id} opened" in clock.start for clock in clocks.values()):
        clocks |= {
            name: clock for name, clock in protocol.clocks.items() if _acts(clock.stop, step)
        }
    owners = {clock.step for clock in clocks.values()} - {step.id}
    followers = {
        name: replace(one, follows=tuple(word for word in one.follows if _of(word, step, clocks)))
        for name, one in protocol.steps.items()
        if name != step.id
        and (name in _routes(step) or (name in leading and _follows(one, step, clocks)))
    }
    silent = {name: replace(protocol.steps[name], follows=()) for name in owners}
    gates = tuple(
        gate for gate in protocol.gates if any(_of(word, step, clocks) for word in gate.forbids)
    )
    review = {protocol.review.step: protocol.steps[protocol.review.step]}
    alone_steps = (step.id, *silent, *review)
    whole = replace(
        protocol, steps={**silent, **followers, step.id: step, **review}, clocks=clocks, gates=gates
    )
    whole, profiles = asking_only_this(whole, profiles)
    step = whole.steps[step.id]
    alone = replace(whole, steps={name: whole.steps[name] for name in alone_steps})
    names = {*whole.steps, *clocks}
    mentioned = frozenset(
        word for word in _mentioned(whole, protocol) if word.partition(" ")[0] in names
    )
    elsewhere = tuple(sorted(_elsewhere(step, clocks, whole)))
    return Projection(
        step=step,
        protocol=whole,
        alone=alone,
        profiles=profiles,
        elsewhere=elsewhere,
        only_opens=frozenset(step.follows)
        - {word for clock in clocks.values() for word in _words_of(clock)}
        - {word for gate in gates for word in gate.until},
        mentioned=mentioned,
        events=frozenset(
            {
                *(f"{step.id} {word}" for word in ("held", "completed")),
                *((f"{step.id} refused",) if takes_custody(step) else ()),
                *(word for gate in gates for word in gate.until),
            }
        ),
        routed=any(step.id in _routes(one) for one in protocol.steps.values()),
        rungs={
            (clock, attached): _rungs(
                whole, clock, attached=attached, lapsing=f"{clock} lapsed" in mentioned
            )
            for clock in clocks
            for attached in (True, False)
        },
        ends_by_event=_ends_by_event(protocol, elsewhere),
        guarded=_guarded(step, whole.clocks, whole),
        names=names_of(protocol),
    )


def _rungs(protocol: Protocol, clock: str, *, attached: bool, lapsing: bool) -> Rungs:
    sample = RunningClock("", clock, "", "attached" if attached else None, BEGUN, DUE)
    rungs = rungs_of(protocol, sample)
    moments = [
        place for place, rung in enumerate(rungs) if not place or rungs[place - 1].at < rung.at
    ]
    matter = {
        rung.at for rung in rungs if rung.kind is RungKind.FALL_BACK or (lapsing and rung.at == DUE)
    }
    return Rungs(tuple(one for one in moments if rungs[one].at in matter), max(moments, default=0))


def leading_to_the_end(protocol: Protocol) -> frozenset[str]:
    """Steps after which, by themselves or by what follows, the referral can be closed."""
    found: set[str] = set()
    words = set(protocol.index.closing)
    while True:
        more = {
            name
            for name in protocol.steps
            if any(word.partition(" ")[0].partition(".")[0] == name for word in words)
        } - found
        if not more:
            return frozenset(found)
        found |= more
        for name in more:
            words.update(protocol.steps[name].follows)
        words.update(f"{one.id} declined" for one in protocol.steps.values() if _routes(one) & more)


def _guards(protocol: Protocol) -> list[Condition]:
    return [
        *(one.when for one in protocol.steps.values()),
        *(one.when for one in protocol.clocks.values()),
        *(one.when for one in protocol.exclusions),
    ]


def _timeless(clock: Clock, profiles: Profiles) -> Clock:
    when = profiles.replaced(clock.when)
    lengths = (SAME_FOR_ALL,) * clock.extends.at_most
    extends = replace(clock.extends, to=lengths)
    return replace(clock, limit=SAME_FOR_ALL, calendar_of=None, when=when, extends=extends)


def _acts(words: Iterable[str], step: Step) -> frozenset[str]:
    return frozenset(word for word in words if word.startswith(f"{step.id} "))


def _of(word: str, step: Step, clocks: Mapping[str, Clock]) -> bool:
    """Whether a trigger comes from this step or its limits."""
    name = word.partition(" ")[0]
    return name == step.id or (name in clocks and clocks[name].step == step.id)


def _follows(one: Step, step: Step, clocks: Mapping[str, Clock]) -> bool:
    return any(_of(word, step, clocks) for word in one.follows)


def _routes(step: Step) -> frozenset[str]:
    return frozenset((*step.declines.values(), step.if_failed))


def _elsewhere(step: Step, clocks: Mapping[str, Clock], protocol: Protocol) -> set[str]:
    read = [*step.follows]
    for clock in clocks.values():
        read += _words_of(clock)
    for gate in protocol.gates:
        read += gate.until
    # A closing happens as a whole, not as a word by itself (``happenings``).
    return {word for word in read if not _of(word, step, clocks)} - {CLOSED}


def _mentioned(projection: Protocol, protocol: Protocol) -> set[str]:
    """Every trigger somebody follows, waits for, or is held back by."""
    index = protocol.index
    words = {*index.following, *index.closing}
    for clock in projection.clocks.values():
        words.update(_words_of(clock))
    for gate in protocol.gates:
        words.update((*gate.forbids, *gate.until))
    return words | {*index.starting, *index.stopping, *index.prolonging}


def _words_of(clock: Clock) -> tuple[str, ...]:
    """Every trigger that does something to a limit."""
    pauses = clock.pauses
    return (*clock.start, *clock.stop, *pauses.start, *pauses.end, *clock.extends.by)


def _ends_by_event(protocol: Protocol, read: Collection[str]) -> tuple[str, ...]:
    """Events that end the referral: those the step reads, and one of those that only end it."""
    found = [
        event
        for closing in protocol.closings
        for event in closing.after
        if event in protocol.events and not _gated(protocol, event)
    ]
    only_end = [event for event in found if event not in read]
    return tuple(event for event in found if event in read or event == only_end[0])


def _gated(protocol: Protocol, event: str) -> bool:
    return any(event in gate.forbids for gate in protocol.gates)


def _guarded(step: Step, clocks: Mapping[str, Clock], protocol: Protocol) -> bool:
    conditions = [step.when, *(clock.when for clock in clocks.values())]
    asked = set(step.order)
    conditions += [one.when for one in protocol.exclusions if one.mandates & asked]
    return any(not isinstance(one, Always) for one in conditions)


def takes_custody(step: Step) -> bool:
    """Whether whoever accepts it becomes the holder."""
    return step.kind is Kind.CUSTODY


def is_duty(step: Step) -> bool:
    """Whether the holder keeps it by itself."""
    return step.ask == (HOLDER,)


def mandates_of(step: Step) -> tuple[str, ...]:
    """Whom it may ask, roles left out."""
    return tuple(mandate for mandate in step.order if mandate not in ROLES)
