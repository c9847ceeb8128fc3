"""What the engine is told and what it answers: frozen values, no behaviour.

A ``Run`` is the state of one referral as the engine needs it; a ``Decision`` is an ordered list of
decided facts, each with its reason; ``Refused`` says why nothing changed. Whoever carries a
decision out adds identities, agencies and names; none of those occur here, except agency keys in
``excluding`` (the named force must never receive or read).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from protocols.facts import Facts, Group
from protocols.lifecycle import Act, Kind, State
from protocols.rungs import Call, Rung, RungKind, moments
from protocols.working_time import Due


class LimitBasis(StrEnum):
    """Where a limit comes from; an assumption is always marked as such to the user."""

    STATUTORY = "statutory"
    SOP = "sop"
    ASSUMPTION = "assumption"


class ClockState(StrEnum):
    """A clock runs, rests, was met, or ran out."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    LAPSED = "lapsed"

    @property
    def live(self) -> bool:
        """Somebody still has to act, now or when it goes on."""
        return self in {ClockState.RUNNING, ClockState.PAUSED}


# --- what the engine is told -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HandOffState:
    """One hand-off of the referral. ``id`` is opaque and comes back in the answer."""

    id: str
    step: str
    kind: Kind
    mandate: str
    state: State
    opening: int = 1
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Standstill:
    """A time in which a clock stood still; ``until`` is None while it does."""

    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunningClock:
    """One clock of the referral. ``rung`` is the index of the next rung to fire.

    ``extensions``: how often it was extended. ``stood``: when it stood still, in order.
    """

    id: str
    clock: str
    step: str
    hand_off: str | None
    starts_at: datetime
    due_at: datetime
    state: ClockState = ClockState.RUNNING
    rung: int = 0
    extensions: int = 0
    stood: tuple[Standstill, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """One referral: one person under one track, with everything that bears on what comes next.

    ``events`` are recorded events and named outcomes (``rescued``, ``AR-T05 SENT_TO_COURT``).
    ``holder_mandates`` are the mandates the holder's unit serves at ``place``.
    ``reported`` is the topic somebody reported (CL, FL, HT), if any.
    """

    facts: Facts
    results: tuple[tuple[str, str], ...]  # (("CL", "indicated"), ("FL", "possible"), …)
    place: str  # ISO 3166-2, or the country code when no more is known
    reported: str | None = None
    urgency: str = "urgent"
    holder_mandates: frozenset[str] = frozenset()
    excluding: frozenset[str] = frozenset()  # agency keys named in the facts
    hand_offs: tuple[HandOffState, ...] = ()
    clocks: tuple[RunningClock, ...] = ()
    events: frozenset[str] = frozenset()
    open: bool = True
    custody: str | None = None  # the hand-off by which the holder holds; None: the filer still does


@dataclass(frozen=True, slots=True)
class PanelVote:
    """How a panel decided: the mandates that sat, and how many of them agree."""

    present: tuple[str, ...]
    agreeing: int

    def __str__(self) -> str:
        """In the words of a reason: ``POLICE, SHELTER present, 2 agree``."""
        return f"{', '.join(self.present) or 'nobody'} present, {self.agreeing} agree"


# --- what the engine answers -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: the step, the rule within it, and the sources (ids of the country's register)."""

    step: str
    rule: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenHandOff:
    """Ask this mandate. ``key`` is local to the decision: clocks and batches refer to it.

    ``national`` asks for the body at country level whatever the place (fall-backs).
    ``rivals`` share a key: the first to accept wins. ``no_decline``: a body that may not refuse.
    """

    key: str
    step: str
    kind: Kind
    mandate: str
    reason: Reason
    opening: int = 1
    rivals: str | None = None
    travels: frozenset[Group] = frozenset({Group.ENVELOPE, Group.FACTS})
    excluding: frozenset[str] = frozenset()
    national: bool = False
    home: bool = False  # at the person's home if it is known, else at the place of the facts
    no_decline: bool = False
    lead: bool = False
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class HoldStep:
    """The holder's own unit has this step's mandate: it keeps the person, nobody is asked."""

    step: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class MoveHandOff:
    """A hand-off changes state. ``reason_code`` is of the coded lists (SUPERSEDED, …)."""

    hand_off: str
    act: Act
    from_state: State
    to_state: State
    reason: Reason
    reason_code: str | None = None


class Timed:
    """A limit's end, with the way to it and the ladder: worked out and worded when asked for."""

    __slots__ = ()
    due: Due
    ladder: tuple[Call, ...]

    @property
    def due_at(self) -> datetime:
        """When the limit ends."""
        return self.due.moment

    @property
    def derivation(self) -> tuple[str, ...]:
        """Why it ends then, readable line by line."""
        return self.due.derivation

    @property
    def calendar(self) -> str:
        """Name and version of the calendar used."""
        return self.due.calendar

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """The ladder as moments and names, in the order in which they fire."""
        return moments(self.ladder, self.due.start, self.due.moment, self.due.stood)


@dataclass(frozen=True, slots=True)
class StartClock(Timed):
    """A limit begins to run. ``hand_off`` is a key of this decision or a known id.

    ``extensions`` and ``stood``: what already befell it in this very decision.
    """

    clock: str
    step: str
    hand_off: str | None
    due: Due
    ladder: tuple[Call, ...]
    basis: LimitBasis
    immediate: bool  # the law says "at once": shown as "now", the moment is a proposed target
    reason: Reason
    extensions: int = 0
    stood: tuple[Standstill, ...] = ()

    @property
    def starts_at(self) -> datetime:
        """When it begins."""
        return self.due.start

    @property
    def state(self) -> ClockState:
        """As what it begins: running, or standing still from the first."""
        paused = self.stood and self.stood[-1].until is None
        return ClockState.PAUSED if paused else ClockState.RUNNING


@dataclass(frozen=True, slots=True)
class PauseClock:
    """A clock stands still: nobody is reminded or told until it goes on. ``stood``: all times."""

    clock: str  # id of the running clock
    at: datetime
    stood: tuple[Standstill, ...]
    reason: Reason


@dataclass(frozen=True, slots=True)
class ResumeClock(Timed):
    """A clock goes on: its end has moved on by the time it stood still."""

    clock: str
    at: datetime
    due: Due
    ladder: tuple[Call, ...]
    stood: tuple[Standstill, ...]
    rung: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class ExtendClock(Timed):
    """A limit is lengthened, for the ``count``-th time; one that stands still goes on standing."""

    clock: str
    at: datetime
    due: Due
    ladder: tuple[Call, ...]
    count: int
    state: ClockState
    rung: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class StopClock:
    """A clock was met, or no longer matters."""

    clock: str  # id of the running clock
    at: datetime
    to: ClockState
    reason: Reason


@dataclass(frozen=True, slots=True)
class AdvanceClock:
    """A rung has fired: the next one waits (``rung`` is its index), or the ladder is spent."""

    clock: str
    rung: int
    state: ClockState
    reason: Reason


@dataclass(frozen=True, slots=True)
class Escalate:
    """Somebody must be told that a limit passes or has passed.

    ``choices``: what may lawfully be done at this limit, as triggers of the track.
    """

    clock: str
    hand_off: str | None
    kind: RungKind
    to: str
    reason: Reason
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MoveCustody:
    """The receiver of this hand-off is now the holder."""

    hand_off: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class NeedFact:
    """A rule could not be settled: this fact is needed, by whom, why. Unknown opened the step."""

    fact: str
    by: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why this mandate was *not* asked: the rule that said no."""

    mandate: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """An event now stands in the history (``AR-T02 held``)."""

    event: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class CloseReferral:
    """Nothing more is asked under this track; the holder stays holder of record."""

    outcome: str
    reason: Reason


Decided: TypeAlias = (
    OpenHandOff
    | HoldStep
    | MoveHandOff
    | StartClock
    | PauseClock
    | ResumeClock
    | ExtendClock
    | StopClock
    | AdvanceClock
    | Escalate
    | MoveCustody
    | NeedFact
    | Withheld
    | RecordEvent
    | CloseReferral
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens now, in order. Every item carries its reason."""

    items: tuple[Decided, ...]

    def all(self, kind: type) -> tuple:  # type: ignore[type-arg]
        """The items of one kind, in order."""
        return tuple(item for item in self.items if isinstance(item, kind))


@dataclass(frozen=True, slots=True)
class Opening:
    """One referral to be opened for one person: the track, whether it leads, what follows."""

    track: str
    lead: bool
    triage: bool  # opened by the reported topic, screening being insufficient
    decision: Decision


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing changed. Names the state, the act and the rule, and what would be possible."""

    act: str
    rule: str
    explanation: str
    state: State | None = None
    possible: tuple[Act, ...] = field(default_factory=tuple)
