"""Law seen from its practice: where cases wait, which limits are only assumed, what a pilot changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from referral.errors import Refusal
from referral.figures import EVERYTHING, Cut, Figure, Group, Period
from referral.session import Actor, ReadSession


@dataclass(frozen=True, slots=True)
class LimitKept:
    """One limit of a step: how often it began and how it ended. ``overrun_median``: seconds late,
    of those that were missed; None under the floor or where none was. ``sources``: what it cites.
    """

    track: str
    version: str
    step: str
    clock: str
    basis: str  # statutory, sop, assumption
    begun: int | None
    met: int | None
    missed: int | None
    running: int | None
    overrun_median: float | None
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """One step of a track: who waits there now, and for how long, against its limits.

    ``waiting``: not answered; ``working``: accepted, not ended; ``late``: of both, past a limit now.
    ``longest``: seconds the oldest of them has waited. ``figure``: the step's figures of the period.
    """

    step: str
    order: int  # of the step in the protocol, for drawing
    waiting: int | None
    working: int | None
    late: int | None
    longest: float | None
    figure: Figure
    limits: tuple[LimitKept, ...]


@dataclass(frozen=True, slots=True)
class Sides:
    """Two sides of a pilot, with the same figures of each. ``by``: ``time`` (the months before the
    version took force and those since) or ``place`` (its pilot jurisdictions and the others).
    """

    by: str
    track: str
    version: str
    places: tuple[str, ...]  # where it is a pilot; empty: everywhere
    one: tuple[Period, Figure]  # before, or elsewhere
    other: tuple[Period, Figure]  # since, or there
    steps: tuple[tuple[str, Figure, Figure], ...]  # step, one side, other side


@dataclass(frozen=True, slots=True)
class SenderActs:
    """One sender: what it answered in others' names, and what of it nobody has confirmed."""

    unit: str  # name, or the mandate of a confidential one
    attested: int | None
    unconfirmed: int | None
    oldest_unconfirmed: datetime | None


@dataclass(frozen=True, slots=True)
class Returns:
    """What came back. ``figure.counts`` has ``returned`` and ``asked_again``; ``re_entries``: new
    referrals that follow a closed one, opened in the period.
    """

    by_agency: tuple[Figure, ...]
    re_entries: int | None
    by_track: tuple[tuple[str, int | None], ...]


async def law_gaps_in(
    session: ReadSession, actor: Actor, period: Period, *, now: datetime
) -> tuple[LimitKept, ...] | Refusal:
    """Every limit without a number in law that ran in the period, and its lapses."""
    raise NotImplementedError


async def limits_of(
    session: ReadSession, actor: Actor, period: Period, *, only: Group = EVERYTHING, now: datetime
) -> tuple[LimitKept, ...] | Refusal:
    """Every limit that ran in the period, by step and clock."""
    raise NotImplementedError


async def bottlenecks_of(
    session: ReadSession, actor: Actor, track: str, period: Period, *, now: datetime
) -> tuple[Bottleneck, ...] | Refusal:
    """Where the cases of a track wait, in the order of its steps."""
    raise NotImplementedError


async def pilot_of(
    session: ReadSession,
    actor: Actor,
    track: str,
    version: str,
    *,
    by: str = "time",
    months: int = 6,
    now: datetime,
) -> Sides | Refusal:
    """The same figures before and since a version took force, or there and elsewhere."""
    raise NotImplementedError


async def attested_in(
    session: ReadSession, actor: Actor, period: Period, *, now: datetime
) -> tuple[SenderActs, ...] | Refusal:
    """Answers given in another's name, per sender, and how many still wait for confirmation."""
    raise NotImplementedError


async def returns_in(
    session: ReadSession, actor: Actor, period: Period, *, cut: Cut = Cut.AGENCY, now: datetime
) -> Returns | Refusal:
    """What came back after it was taken, and who came again after closure."""
    raise NotImplementedError
