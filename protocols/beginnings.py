"""How a referral begins: what follows a filing, decided once for all who come with like answers.

1. A filing reads a person's facts only through the questions its track asks, and the moment only
   for the ends of limits. So the decision is kept with the version of the track, by the answers,
   and for whoever answers alike its limits are counted anew: that and nothing else.
2. What is not that simple is decided each time: a referral in which something was asked before,
   and one with a limit that is extended or stands still from the first.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime

from protocols.conditions import World
from protocols.decision import Decided, Decision, Reason, Run, StartClock
from protocols.following import settle
from protocols.law import FILING, TRIAGE
from protocols.protocol import Protocol
from protocols.walk import NAMED, Walk
from protocols.working_time import Due, Limit, due_at


@dataclass(frozen=True, slots=True)
class Beginning:
    """A filing decided, but for its moment.

    ``limits``: each with the mandate whose days count. ``clocks``: their places among the items,
    themselves, and the places of their limits.
    """

    items: tuple[Decided, ...]
    limits: tuple[tuple[Limit, str], ...]
    clocks: tuple[tuple[int, StartClock, int], ...]

    def at(self, moment: datetime, protocol: Protocol, place: str) -> Decision:
        """The decision at this moment. Raises CalendarNotCovered."""
        calendar_of = protocol.calendars.of
        dues = [
            due_at(moment, limit, calendar_of(mandate, place)) for limit, mandate in self.limits
        ]
        items = list(self.items)
        for where, clock, limit in self.clocks:
            items[where] = _ending(clock, dues[limit])
        return Decision(tuple(items))


def _ending(clock: StartClock, due: Due) -> StartClock:
    """The same clock with this end. Field by field: this is most of what a filing costs."""
    return StartClock(
        clock.clock,
        clock.step,
        clock.hand_off,
        due,
        clock.ladder,
        clock.basis,
        clock.immediate,
        clock.reason,
    )


def begun(protocol: Protocol, run: Run, at: datetime, world: World, *, triage: bool) -> Decision:
    """What follows when this person is filed under this track (``triage``: into its triage)."""
    if run.hand_offs or run.clocks or not run.open:
        return settle(_filed(protocol, run, at, world, triage=triage))
    answers = _answers(protocol, run, world, triage=triage)
    known: Beginning | None = protocol.beginnings.get(answers)
    if known is not None:
        return known.at(at, protocol, run.place)
    walk = _filed(protocol, run, at, world, triage=triage)
    decision = settle(walk)
    beginning = _beginning(walk)
    if beginning is not None:
        protocol.beginnings.keep(answers, beginning)
    return decision


def _filed(protocol: Protocol, run: Run, at: datetime, world: World, *, triage: bool) -> Walk:
    walk = Walk(protocol, run, at, world)
    trigger = TRIAGE if triage else FILING
    walk.record(trigger, Reason(trigger, "applies", protocol.applies.sources))
    walk.fire(trigger)
    for event in sorted(run.events.intersection(protocol.events)):
        walk.fire(event)
    unknown = tuple(fact for fact in protocol.asks_for if fact not in run.facts.values)
    walk.need(unknown, Reason(trigger, "asked of everybody", protocol.applies.sources))
    return walk


def _answers(protocol: Protocol, run: Run, world: World, *, triage: bool) -> Hashable:
    """Everything a filing's decision depends on, apart from the moment and whose days count."""
    known = run.facts.values
    return (
        triage,
        run.holder_mandates,
        run.custody,
        run.events,
        run.excluding,
        run.facts.codes(NAMED),
        tuple([question.holds(world) for question in protocol.index.questions]),
        tuple([fact in known for fact in protocol.asks_for]),
    )


def _beginning(walk: Walk) -> Beginning | None:
    """The decision of this walk without its moment; None if more than ends depends on it."""
    if walk.prolonged:
        return None
    places = {id(due): place for place, due in enumerate(walk.dues.values())}
    clocks = [(n, one) for n, one in enumerate(walk.items) if isinstance(one, StartClock)]
    return Beginning(
        tuple(walk.items),
        tuple(walk.dues),
        tuple((place, one, places[id(one.due)]) for place, one in clocks),
    )
