"""A compiled protocol: one version of one legal route, frozen, ready to be asked.

What the engine looks up on its hot path (which steps follow a trigger, which clocks it starts and
stops) is indexed once, when the protocol is made; nothing is parsed afterwards.

The **digest** is the SHA-256 of the canonical form of the law in it. Calendars, lines in files, the
country's reason lists, the stage of the version and who signed it are outside it: they may change
while the law stands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields, is_dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeVar, cast

import rfc8785

from protocols.conditions import Atom, atoms
from protocols.law import (
    AS_IN_FORCE,
    ESCALATION,
    HOLDER,
    IF_USED,
    NEXT,
    OUTSIDE,
    SENDER,
    SUPERVISOR_OF_HOLDER,
    Applies,
    Clock,
    Closing,
    Event,
    Exclusion,
    Gate,
    Ladder,
    Local,
    Override,
    Signature,
    Stage,
    Step,
)
from protocols.lifecycle import Act
from protocols.problems import Spot
from protocols.remembered import Remembered
from protocols.rungs import Call, RungKind
from protocols.working_time import Calendars

_Entry = TypeVar("_Entry")


@dataclass(frozen=True, slots=True)
class Index:
    """What a trigger sets going: looked up, never searched."""

    following: Mapping[str, tuple[Step, ...]]
    starting: Mapping[str, tuple[Clock, ...]]
    stopping: Mapping[str, tuple[Clock, ...]]
    prolonging: Mapping[str, tuple[Clock, ...]]  # clocks it pauses, sets going again, or extends
    closing: Mapping[str, Closing]
    excluding: Mapping[str, tuple[Exclusion, ...]]
    duties: Mapping[str, tuple[Step, ...]]  # step -> the holder's duties that follow its acceptance
    rungs: Mapping[tuple[str, bool], tuple[Call, ...]]  # (clock, has a hand-off) -> its ladder
    questions: tuple[Atom, ...]  # whatever its steps, clocks and exclusions ask about a person


@dataclass(frozen=True)
class Protocol:
    """One version of one track of one country."""

    country: str
    track: str
    version: str  # the day it takes force, 2023-01-17
    in_force_from: date
    stage: Stage = field(metadata=AS_IN_FORCE)
    title: Mapping[str, str]
    lawful_basis: str
    applies: Applies
    steps: Mapping[str, Step]
    clocks: Mapping[str, Clock]
    ladders: Mapping[str, Ladder]
    events: Mapping[str, Event]
    closings: tuple[Closing, ...]
    review: Clock
    calendars: Calendars = field(metadata=OUTSIDE, compare=False)
    exclusions: tuple[Exclusion, ...] = ()
    gates: tuple[Gate, ...] = ()
    asks_for: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    overrides: tuple[Override, ...] = field(default=(), metadata=IF_USED)
    local: tuple[Local, ...] = field(default=(), metadata=IF_USED)
    signed: tuple[Signature, ...] = field(default=(), metadata=OUTSIDE, compare=False)
    pilots_in: tuple[str, ...] = field(default=(), metadata=OUTSIDE, compare=False)
    reasons: Mapping[Act, tuple[str, ...]] = field(
        default_factory=dict, metadata=OUTSIDE, compare=False
    )
    spot: Spot = field(default=Spot(""), metadata=OUTSIDE, compare=False)
    index: Index = field(init=False, metadata=OUTSIDE, compare=False, repr=False)
    places: Mapping[str, Protocol] = field(init=False, metadata=OUTSIDE, compare=False, repr=False)
    beginnings: Remembered[Hashable, Any] = field(
        init=False, default_factory=Remembered, metadata=OUTSIDE, compare=False, repr=False
    )

    def __post_init__(self) -> None:
        """Make the indices, once."""
        object.__setattr__(self, "index", _index(self))
        object.__setattr__(self, "places", MappingProxyType(dict(_effective(self))))

    @cached_property
    def digest(self) -> str:
        """The digest, taken when it is first asked for."""
        return digest_of(self)

    @property
    def version_name(self) -> str:
        """Which version of which track, within its country."""
        return f"{self.track} {self.version}"

    def counting_on(self, calendars: Calendars) -> Protocol:
        """The same law on other calendars, which are outside it: the digest is the same."""
        there = replace(self, calendars=calendars)
        vars(there)["digest"] = self.digest
        return there

    def at(self, place: str) -> Protocol:
        """What stands at this place: the track, or what the overrides make of it there.

        It has the same digest: a referral is pinned to the version, its place never changes.
        """
        while self.places and place:
            if place in self.places:
                return self.places[place]
            place = place.rpartition("-")[0]  # what holds in a province holds in its towns
        return self


def digest_of(protocol: Protocol) -> str:
    """SHA-256 (hex) of the canonical JSON (RFC 8785) of everything that is law in it."""
    return hashlib.sha256(rfc8785.dumps(cast("Any", canonical(protocol)))).hexdigest()


def _effective(protocol: Protocol) -> Iterator[tuple[str, Protocol]]:
    for local in protocol.local:
        there = replace(
            protocol,
            steps={**protocol.steps, **local.steps},
            clocks={**protocol.clocks, **local.clocks},
            overrides=tuple(one for one in protocol.overrides if one.id in local.overrides),
            local=(),
        )
        vars(there)["digest"] = protocol.digest
        yield from ((place, there) for place in local.places)


def canonical(value: object) -> object:
    """Plain JSON values, the same for the same law: sets sorted, dates as text."""
    if is_dataclass(value) and not isinstance(value, type):
        held = {
            part.name: canonical(part.metadata.get("as", getattr(value, part.name)))
            for part in fields(value)
            if _counts(part, value)
        }
        return {"is": type(value).__name__, **held}
    if isinstance(value, Mapping):
        return {str(key): canonical(entry) for key, entry in value.items()}
    if isinstance(value, frozenset):
        return sorted(str(entry) for entry in value)
    if isinstance(value, tuple):
        return [canonical(entry) for entry in value]
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _counts(part: Field[Any], owner: object) -> bool:
    """Whether a field is part of the law: nothing outside it, nothing younger and unused."""
    said = part.metadata.get("digest", True)
    if said == IF_USED["digest"]:
        return bool(getattr(owner, part.name) != part.default)
    return bool(said)


def cited_by(protocol: Protocol) -> tuple[str, ...]:
    """Every source this version rests on, sorted."""
    steps = [step for local in protocol.local for step in local.steps.values()]
    clocks = [clock for local in protocol.local for clock in local.clocks.values()]
    steps, clocks = [*steps, *protocol.steps.values()], [*clocks, *protocol.clocks.values()]
    lists = [
        protocol.sources,
        protocol.applies.sources,
        protocol.review.sources,
        *(one.sources for one in protocol.overrides),
        *(step.sources for step in steps),
        *(clock.sources for clock in clocks),
        *(clock.pauses.sources for clock in clocks),
        *(clock.extends.sources for clock in clocks),
        *(ladder.sources for ladder in protocol.ladders.values()),
        *(one.sources for one in protocol.exclusions),
        *(one.sources for one in protocol.gates),
        *(one.sources for one in protocol.closings),
    ]
    return tuple(sorted({source for one in lists for source in one}))


def _index(protocol: Protocol) -> Index:
    clocks = (*protocol.clocks.values(), protocol.review)
    steps = protocol.steps.values()
    return Index(
        following=_grouped((word, step) for step in steps for word in step.follows),
        starting=_grouped((word, clock) for clock in clocks for word in clock.start),
        stopping=_grouped((word, clock) for clock in clocks for word in clock.stop),
        prolonging=_grouped((word, clock) for clock in clocks for word in _prolonging(clock)),
        closing=MappingProxyType(
            {word: closing for closing in protocol.closings for word in closing.after}
        ),
        excluding=_grouped(
            (mandate, exclusion)
            for exclusion in protocol.exclusions
            for mandate in exclusion.mandates
        ),
        duties=_grouped(
            (word.removesuffix(" accepted"), step)
            for step in steps
            if step.kept
            for word in step.follows
            if word.endswith(" accepted")
        ),
        rungs=MappingProxyType(
            {
                (clock.id, attached): tuple(_calls(protocol, clock, attached=attached))
                for clock in clocks
                for attached in (True, False)
            }
        ),
        questions=tuple(
            dict.fromkeys(
                atom
                for condition in (
                    *(step.when for step in steps),
                    *(clock.when for clock in clocks),
                    *(exclusion.when for exclusion in protocol.exclusions),
                )
                for atom in atoms(condition)
            )
        ),
    )


def _prolonging(clock: Clock) -> frozenset[str]:
    return frozenset((*clock.pauses.start, *clock.pauses.end, *clock.extends.by))


# Without a hand-off there is no receiver and no sender, only whoever holds the person.
_UNATTACHED = {
    "receiver": HOLDER,
    "supervisor_of_receiver": SUPERVISOR_OF_HOLDER,
    SENDER: None,
    "supervisor_of_sender": None,
}


def _calls(protocol: Protocol, clock: Clock, *, attached: bool) -> Iterator[Call]:
    ladder = protocol.ladders.get(clock.ladder)
    for number, rung in enumerate(ladder.rungs if ladder is not None else ()):
        late = timedelta(hours=rung.late)
        if rung.kind is RungKind.FALL_BACK:
            yield Call(rung.share, rung.kind, NEXT, late, number)
            continue
        named: list[str] = []
        for to in rung.to:
            who = clock.escalates_to if to == ESCALATION else to
            if who is not None and not attached and who in _UNATTACHED:
                who = _UNATTACHED[who]
            if who is not None and who not in named:
                named.append(who)
        yield from (Call(rung.share, rung.kind, who, late, number) for who in named)


def _grouped(pairs: Iterable[tuple[str, _Entry]]) -> Mapping[str, tuple[_Entry, ...]]:
    found: dict[str, list[_Entry]] = {}
    for word, entry in pairs:
        found.setdefault(word, []).append(entry)
    return MappingProxyType({word: tuple(entries) for word, entries in found.items()})
