"""The parts a protocol is made of: steps, clocks, ladders, exclusions, gates, sources.

Frozen values without behaviour. Two words of this file:

* A **trigger** is what something follows: ``filing``, ``triage``, a recorded event (``rescued``),
  a step's act or outcome (``AR-T04 accepted``, ``AR-T05 SENT_TO_COURT``), or ``<clock> lapsed``.
* A **recipient** is a mandate, or one of the words of ``ROLES``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from protocols.conditions import Always, Condition
from protocols.decision import LimitBasis
from protocols.facts import Group
from protocols.lifecycle import Kind
from protocols.problems import Spot
from protocols.rungs import RungKind
from protocols.working_time import Limit

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

OUTSIDE = {"digest": False}  # of a field: no part of the law, hence of the digest
# Of a field younger than the first released laws: part of the digest only where a law uses it, so
# that a law which does not says the same today as on the day it was signed.
IF_USED = {"digest": "if used"}

# Of a version's stage: the digest is the same from the first draft on until it is superseded.
AS_IN_FORCE = {"as": "in_force"}


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


@dataclass(frozen=True, slots=True)
class Signature:
    """Who said that a version has reached a stage, and when."""

    stage: Stage
    by: Mapping[str, str]
    on: date
    spot: Spot = field(default=Spot(""), compare=False)


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
    spot: Spot = field(default=Spot(""), metadata=OUTSIDE, compare=False)


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of a ladder: at which share of the limit, how many hours late, what, to whom.

    ``to``: mandates or ``receiver``, ``holder``, ``sender``, ``supervisor_of_receiver``,
    ``supervisor_of_holder``, ``supervisor_of_sender``, ``escalation`` (the clock's own body).
    A ``fall_back`` rung has none: it asks the step's next recipient.
    """

    share: float
    kind: RungKind
    to: tuple[str, ...] = ()
    late: int = field(default=0, metadata=IF_USED)  # hours after the share; a day is 24


@dataclass(frozen=True, slots=True)
class Ladder:
    """What happens when a limit passes and nobody acts."""

    id: str
    rungs: tuple[Rung, ...]
    sources: tuple[str, ...]
    spot: Spot = field(default=Spot(""), metadata=OUTSIDE, compare=False)


@dataclass(frozen=True, slots=True)
class Pause:
    """A limit stands still from one trigger until another; its end moves on by that time."""

    start: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Extension:
    """A limit is lengthened: by which trigger, counted from its beginning to what, once for each.

    ``to[0]`` is the whole limit after the first extension, ``to[1]`` after the second.
    """

    by: tuple[str, ...] = ()
    to: tuple[Limit, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def at_most(self) -> int:
        """How often one limit can be extended."""
        return len(self.to)


@dataclass(frozen=True, slots=True)
class Clock:
    """A limit: what starts and stops it, how long, on what basis, and who is told.

    ``at_limit``: what may lawfully be done when it is reached. ``before``: limits that always end
    later than this one, whatever the order of acts.
    """

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
    pauses: Pause = field(default=Pause(), metadata=IF_USED)
    extends: Extension = field(default=Extension(), metadata=IF_USED)
    at_limit: tuple[str, ...] = field(default=(), metadata=IF_USED)
    before: tuple[str, ...] = field(default=(), metadata=IF_USED)
    spot: Spot = field(default=Spot(""), metadata=OUTSIDE, compare=False)


@dataclass(frozen=True, slots=True)
class Panel:
    """A decision by several: who may sit, how many must be there, how many must agree."""

    sits: tuple[str, ...]
    quorum: int
    agree: int
    must_sit: tuple[str, ...] = ()
    spot: Spot = field(default=Spot(""), metadata=OUTSIDE, compare=False)


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
    panel: Panel | None = field(default=None, metadata=IF_USED)  # the receiver convenes it
    spot: Spot = field(default=Spot(""), metadata=OUTSIDE, compare=False)

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
    spot: Spot = field(default=Spot(""), metadata=OUTSIDE, compare=False)


@dataclass(frozen=True, slots=True)
class Gate:
    """Acts that are forbidden until something else is recorded."""

    id: str
    forbids: tuple[str, ...]
    until: tuple[str, ...]
    sources: tuple[str, ...]
    because: Mapping[str, str]
    spot: Spot = field(default=Spot(""), metadata=OUTSIDE, compare=False)


@dataclass(frozen=True, slots=True)
class Closing:
    """What ends the referral, with which outcome."""

    after: tuple[str, ...]
    outcome: str
    sources: tuple[str, ...]
    spot: Spot = field(default=Spot(""), metadata=OUTSIDE, compare=False)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to the person or the case and is recorded by the holder."""

    id: str
    title: Mapping[str, str]
    repeats: bool = False
    spot: Spot = field(default=Spot(""), metadata=OUTSIDE, compare=False)


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
class Override:
    """What some places do otherwise, why, and on what that rests. ``steps``: those it touches."""

    id: str
    places: tuple[str, ...]
    steps: tuple[str, ...]
    because: Mapping[str, str]
    sources: tuple[str, ...]
    spot: Spot = field(default=Spot(""), metadata=OUTSIDE, compare=False)


@dataclass(frozen=True, slots=True)
class Local:
    """What stands at some places: the steps and clocks that are not the track's, whole."""

    places: tuple[str, ...]
    overrides: tuple[str, ...]
    steps: Mapping[str, Step]
    clocks: Mapping[str, Clock]
