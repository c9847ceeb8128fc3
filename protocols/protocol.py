"""A compiled protocol: one version of one legal route, frozen, ready to be asked.

Values only. What the engine looks up on its hot path (which steps follow a trigger, which clocks
it starts and stops) is indexed once, when the protocol is made; nothing is parsed afterwards.

Three words of this file:
* A **trigger** is what something follows: ``filing``, ``triage``, a recorded event (``rescued``),
  or a step's act or outcome (``AR-T04 accepted``, ``AR-T05 SENT_TO_COURT``), or ``<clock> lapsed``.
* A **recipient** is a mandate, or one of the words of ``ROLES``.
* The **digest** is the SHA-256 of the canonical form of the law in it. Calendars, lines in files
  and the country's reason lists are outside it: they may change while the law stands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

import rfc8785

from protocols.conditions import Always, Condition
from protocols.decision import LimitBasis, RungKind
from protocols.facts import Group
from protocols.lifecycle import Act, Kind
from protocols.problems import Spot
from protocols.working_time import Calendars, Limit

FILING, TRIAGE, CLOSED = "filing", "triage", "closed"
ESCALATION, NEXT = "escalation", "next"

HOLDER, FILER, SENDER = "holder", "filer", "sender"
SUPERVISOR_OF_HOLDER = "supervisor_of_holder"
# Whoever they are at that moment: the caller knows, a protocol does not.
ROLES = frozenset({HOLDER, FILER, SUPERVISOR_OF_HOLDER})

# Words after a step's name in a trigger. ``kept``: the holder is itself the recipient, so nobody is
# asked (then ``accepted`` is true as well); ``refused``: everybody who could be asked has declined.
STEP_WORDS = (
    "opened",
    "kept",
    "acknowledged",
    "accepted",
    "started",
    "declined",
    "refused",
    "completed",
    "failed",
    "cancelled",
)

_OUTSIDE = {"digest": False}
_Entry = TypeVar("_Entry")


class Asking(StrEnum):
    """How the first recipients of a step are asked."""

    ONE = "one"
    ANY_OF = "any_of"  # all at once, the first to accept wins
    ALL_OF = "all_of"  # all at once, each for itself


class Route(StrEnum):
    """Where a declined or failed step goes, when it is not a step's id."""

    NEXT = "next"
    LAST = "last"
    SENDER = "sender"


class Level(StrEnum):
    """Where the recipient is looked for."""

    PLACE = "place"  # of the facts
    HOME = "home"  # of the person, if it is known
    NATIONAL = "national"


class Stage(StrEnum):
    """Life of a version: from a draft to its successor."""

    DRAFT = "draft"
    CONSULTED = "consulted"
    PILOTING = "piloting"
    EVALUATED = "evaluated"
    VALIDATED = "validated"
    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"


class Grade(StrEnum):
    """How sure a source is: read, stated by somebody who read it, or recalled."""

    VERIFIED = "V"
    STATED = "S"
    RECALLED = "K"


@dataclass(frozen=True, slots=True)
class Source:
    """One entry of the country's register of sources."""

    id: str
    title: str
    article: str
    link: str
    grade: Grade
    last_checked: date
    statute: bool = False  # an act, code or decree; a statutory limit must cite one
    spot: Spot = field(default=Spot(""), metadata=_OUTSIDE, compare=False)


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of a ladder: at which share of the limit, what, to whom.

    ``to``: mandates or ``receiver``, ``holder``, ``sender``, ``supervisor_of_receiver``,
    ``supervisor_of_holder``, ``supervisor_of_sender``, ``escalation`` (the clock's own body).
    A ``fall_back`` rung has none: it asks the step's next recipient.
    """

    share: float
    kind: RungKind
    to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ladder:
    """What happens when a limit passes and nobody acts."""

    id: str
    rungs: tuple[Rung, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clock:
    """A limit: what starts and stops it, how long, on what basis, and who is told."""

    id: str
    step: str
    title: Mapping[str, str]
    start: tuple[str, ...]
    stop: tuple[str, ...]
    limit: Limit
    basis: LimitBasis
    sources: tuple[str, ...]
    ladder: str
    at_once: bool = False
    escalates_to: str | None = None
    calendar_of: str | None = None  # the mandate whose working days count
    when: Condition = field(default_factory=Always)
    restarts: bool = False
    recurs: bool = False
    survives: bool = False
    spot: Spot = field(default=Spot(""), metadata=_OUTSIDE, compare=False)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: who is asked for what, after what, under which condition."""

    id: str
    title: Mapping[str, str]
    kind: Kind
    ask: tuple[str, ...]
    follows: tuple[str, ...]
    basis: LimitBasis
    sources: tuple[str, ...]
    instruction: Mapping[str, str] = field(default_factory=dict)
    asking: Asking = Asking.ONE
    then: tuple[str, ...] = ()
    last: str | None = None
    level: Level = Level.PLACE
    when: Condition = field(default_factory=Always)
    travels: frozenset[Group] = frozenset({Group.ENVELOPE, Group.FACTS})
    requires: tuple[str, ...] = ()
    declines: Mapping[str, str] = field(default_factory=dict)
    if_failed: str = Route.NEXT
    outcomes: tuple[str, ...] = ()
    repeat: int = 1
    lead: bool = False
    spot: Spot = field(default=Spot(""), metadata=_OUTSIDE, compare=False)

    @property
    def order(self) -> tuple[str, ...]:
        """Everybody who may be asked, in order; the last one may not decline."""
        return (*self.ask, *self.then, *((self.last,) if self.last else ()))

    @property
    def kept(self) -> bool:
        """Whether it is a duty of whoever holds the person: nobody is asked."""
        return self.ask == (HOLDER,)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Mandates that may not be asked while a condition holds."""

    id: str
    mandates: frozenset[str]
    when: Condition
    sources: tuple[str, ...]
    because: Mapping[str, str]
    unknown_excludes: bool = False
    spot: Spot = field(default=Spot(""), metadata=_OUTSIDE, compare=False)


@dataclass(frozen=True, slots=True)
class Gate:
    """Acts that are forbidden until something else is recorded."""

    id: str
    forbids: tuple[str, ...]
    until: tuple[str, ...]
    sources: tuple[str, ...]
    because: Mapping[str, str]
    spot: Spot = field(default=Spot(""), metadata=_OUTSIDE, compare=False)


@dataclass(frozen=True, slots=True)
class Closing:
    """What ends the referral, with which outcome."""

    after: tuple[str, ...]
    outcome: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to the person or the case and is recorded by the holder."""

    id: str
    title: Mapping[str, str]
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Applies:
    """Who comes under this track.

    ``rank``: the lowest leads when several tracks apply. ``reported``: topics that bring a
    person whose screening is insufficient into triage. ``default``: the country's track for those
    about whom nothing certain is known.
    """

    when: Condition
    rank: int
    reported: frozenset[str]
    sources: tuple[str, ...]
    default: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One rung of one clock, resolved as far as a protocol can: share, what, whom."""

    share: float
    kind: RungKind
    to: str


@dataclass(frozen=True, slots=True)
class Index:
    """What a trigger sets going: looked up, never searched."""

    following: Mapping[str, tuple[Step, ...]]
    starting: Mapping[str, tuple[Clock, ...]]
    stopping: Mapping[str, tuple[Clock, ...]]
    closing: Mapping[str, Closing]
    excluding: Mapping[str, tuple[Exclusion, ...]]
    duties: Mapping[str, tuple[Step, ...]]  # step -> the holder's duties that follow its acceptance
    rungs: Mapping[tuple[str, bool], tuple[Call, ...]]  # (clock, has a hand-off) -> its ladder


@dataclass(frozen=True)
class Protocol:
    """One version of one track of one country."""

    country: str
    track: str
    version: str  # the day it takes force, 2023-01-17
    in_force_from: date
    stage: Stage
    title: Mapping[str, str]
    lawful_basis: str
    applies: Applies
    steps: Mapping[str, Step]
    clocks: Mapping[str, Clock]
    ladders: Mapping[str, Ladder]
    events: Mapping[str, Event]
    closings: tuple[Closing, ...]
    review: Clock
    calendars: Calendars = field(metadata=_OUTSIDE, compare=False)
    exclusions: tuple[Exclusion, ...] = ()
    gates: tuple[Gate, ...] = ()
    asks_for: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    reasons: Mapping[Act, tuple[str, ...]] = field(
        default_factory=dict, metadata=_OUTSIDE, compare=False
    )
    spot: Spot = field(default=Spot(""), metadata=_OUTSIDE, compare=False)
    digest: str = field(init=False, metadata=_OUTSIDE, compare=False)
    index: Index = field(init=False, metadata=_OUTSIDE, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Take the digest and make the index, once."""
        object.__setattr__(self, "digest", digest_of(self))
        object.__setattr__(self, "index", _index(self))


def digest_of(protocol: Protocol) -> str:
    """SHA-256 (hex) of the canonical JSON (RFC 8785) of everything that is law in it."""
    return hashlib.sha256(rfc8785.dumps(canonical(protocol))).hexdigest()


def canonical(value: object) -> object:
    """Plain JSON values, the same for the same law: sets sorted, dates as text."""
    if is_dataclass(value) and not isinstance(value, type):
        held = {
            part.name: canonical(getattr(value, part.name))
            for part in fields(value)
            if part.metadata.get("digest", True)
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


def _index(protocol: Protocol) -> Index:
    clocks = (*protocol.clocks.values(), protocol.review)
    steps = protocol.steps.values()
    return Index(
        following=_grouped((word, step) for step in steps for word in step.follows),
        starting=_grouped((word, clock) for clock in clocks for word in clock.start),
        stopping=_grouped((word, clock) for clock in clocks for word in clock.stop),
        closing=MappingProxyType(
            {word: closing for closing in protocol.closings for word in closing.after}
        ),
        excluding=_grouped(
            (mandate, exclusion) for exclusion in protocol.exclusions for mandate in exclusion.mandates
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
    )


# Without a hand-off there is no receiver and no sender, only whoever holds the person.
_UNATTACHED = {
    "receiver": HOLDER,
    "supervisor_of_receiver": SUPERVISOR_OF_HOLDER,
    SENDER: None,
    "supervisor_of_sender": None,
}


def _calls(protocol: Protocol, clock: Clock, *, attached: bool) -> Iterator[Call]:
    ladder = protocol.ladders.get(clock.ladder)
    for rung in ladder.rungs if ladder is not None else ():
        if rung.kind is RungKind.FALL_BACK:
            yield Call(rung.share, rung.kind, NEXT)
            continue
        named: list[str] = []
        for to in rung.to:
            who = clock.escalates_to if to == ESCALATION else to
            if who is not None and not attached and who in _UNATTACHED:
                who = _UNATTACHED[who]
            if who is not None and who not in named:
                named.append(who)
        yield from (Call(rung.share, rung.kind, who) for who in named)


def _grouped(pairs: Iterable[tuple[str, _Entry]]) -> Mapping[str, tuple[_Entry, ...]]:
    found: dict[str, list[_Entry]] = {}
    for word, entry in pairs:
        found.setdefault(word, []).append(entry)
    return MappingProxyType({word: tuple(entries) for word, entries in found.items()})
