"""Law seen from its practice: where cases wait, which limits are only assumed, what a pilot changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from protocols.protocol import Protocol
from referral import errors
from referral.errors import Refusal
from referral.figures import EVERYTHING, Cut, Figure, Group, Period, months_on
from referral.figures.floor import floored, hidden, tens
from referral.figures.limits import Limits
from referral.figures.tables import PROPOSED, tabulate
from referral.queries.figure_rows import Loaded, Whose, loaded, refused_figures, whose
from referral.queries.oversight_uncontacted import open_since
from referral.session import Actor, ReadSession


@dataclass(frozen=True, slots=True)
class LimitKept:
    """One limit of a step: how often it began and how it ended.

    ``late``: of those missed, the ones that still run. ``overrun_median``: seconds late, of those that
    were missed (so far, of those that still run); None under the floor or where none was.
    ``sources``: what it cites. Under the floor its counts stand in tens.
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
    late: int | None
    overrun_median: float | None
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """One step of a track: who waits there now, and for how long, against its limits.

    Now is now, whenever it was asked for: what has waited longest would fall out of any period.
    ``waiting``: not answered; ``working``: accepted, not ended; ``late``: of both, past a limit now.
    ``longest``: seconds the oldest of them has waited. ``figure``, ``limits``: of the period.
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
    """Two sides of a pilot, with the same figures of each.

    ``by``: ``time`` (the months before the version took force and those since) or ``place`` (its
    pilot jurisdictions and the others, since then).
    """

    by: str
    track: str
    version: str
    places: tuple[str, ...]  # where it is a pilot; empty: everywhere
    one: tuple[Period, Figure]  # before, or elsewhere
    other: tuple[Period, Figure]  # since, or there
    steps: tuple[tuple[str, Figure, Figure], ...]  # step, one side, other side


async def limits_of(
    session: ReadSession, actor: Actor, period: Period, *, only: Group = EVERYTHING, now: datetime
) -> tuple[LimitKept, ...] | Refusal:
    """Every limit that ran in the period, by step and clock."""
    refused = await refused_figures(session, actor, period, now)
    if refused is not None:
        return refused
    found = await loaded(session, actor, period, only=only, now=now)
    return _limits(session, actor, found.limits, int(now.timestamp()))


async def law_gaps_in(
    session: ReadSession, actor: Actor, period: Period, *, now: datetime
) -> tuple[LimitKept, ...] | Refusal:
    """Every limit without a number in law that ran in the period, the most often missed first."""
    found = await limits_of(session, actor, period, now=now)
    if isinstance(found, Refusal):
        return found
    assumed = [one for one in found if one.basis == PROPOSED]
    return tuple(sorted(assumed, key=lambda one: -(one.missed or 0)))


async def bottlenecks_of(
    session: ReadSession, actor: Actor, track: str, period: Period, *, now: datetime
) -> tuple[Bottleneck, ...] | Refusal:
    """Where the cases of a track wait, in the order of its steps; of steps nobody was asked for too.

    An unknown track is one nobody was asked under.
    """
    refused = await refused_figures(session, actor, period, now)
    if refused is not None:
        return refused
    only, second = Group(track=track), int(now.timestamp())
    found = await loaded(session, actor, period, only=only, now=now)
    since_then = await open_since(session, actor, now, track)
    standing = await loaded(session, actor, since_then, only=only, now=now)
    of_period, at_work = (
        {one.group.step or "": one for one in shown(actor, each, Cut.STEP, second)}
        for each in (found, standing)
    )
    limits, running = (_limits(session, actor, each.limits, second) for each in (found, standing))
    oldest = _oldest(standing)
    order = _steps(session, actor.country, track)
    named = {*of_period, *at_work} - set(order)
    return tuple(
        _bottleneck(
            place,
            at_work.get(step) or Figure(Group(track=track, step=step)),
            second - oldest[step] if step in oldest else None,
            [one.late for one in running if one.step == step],
            of_period.get(step) or Figure(Group(track=track, step=step)),
            tuple(one for one in limits if one.step == step),
        )
        for place, step in enumerate([*order, *sorted(named)])
    )


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
    """The same figures before and since a version took force, or there and elsewhere.

    ``months``: how many before, and at most how many since. A version nobody knows is not found.
    """
    refused = await refused_figures(session, actor, None, now)
    if refused is not None:
        return refused
    law = _version(session, actor.country, track, version)
    if law is None:
        return errors.not_found()
    first = law.in_force_from.replace(day=1)
    since = Period(first, months_on(first, max(months, 1)))
    before = since if by == "place" else Period(months_on(first, -max(months, 1)), first)
    one = await loaded(session, actor, before, only=Group(track=track), now=now)
    other = (
        one
        if by == "place"
        else await loaded(session, actor, since, only=Group(track=track, version=version), now=now)
    )
    if by == "place":
        one, other = (_in_places(one, law.pilots_in, there=there) for there in (False, True))
    return _sides(actor, by, law, (before, one), (since, other), int(now.timestamp()))


def shown(actor: Actor, found: Loaded, cut: Cut, now: int) -> tuple[Figure, ...]:
    """Groups as the caller may see them."""
    groups, total = _apart(actor, found, cut, now)
    return (total,) if cut is Cut.ALL and whose(actor) is Whose.COUNTRY else groups


def _apart(actor: Actor, found: Loaded, cut: Cut, now: int) -> tuple[tuple[Figure, ...], Figure]:
    """Groups and their total, under one floor: beside hidden ones the total must not tell them."""
    groups = tuple(tabulate(found.cells, found.limits, cut, now).figures())
    [total] = tabulate(found.cells, found.limits, Cut.ALL, now).figures()
    if whose(actor) is Whose.COUNTRY:
        return floored(groups, total)
    return groups, total


def _sides(
    actor: Actor,
    by: str,
    law: Protocol,
    one: tuple[Period, Loaded],
    other: tuple[Period, Loaded],
    now: int,
) -> Sides:
    told = [_apart(actor, found, Cut.STEP, now) for _, found in (one, other)]
    steps = [{each.group.step or "": each for each in groups} for groups, _ in told]
    named = sorted(set(steps[0]) | set(steps[1]))
    nothing = {name: Figure(Group(track=law.track, step=name)) for name in named}
    return Sides(
        by,
        law.track,
        law.version,
        tuple(law.pilots_in),
        (one[0], told[0][1]),
        (other[0], told[1][1]),
        tuple(
            (name, steps[0].get(name, nothing[name]), steps[1].get(name, nothing[name]))
            for name in named
        ),
    )


def _in_places(found: Loaded, places: Sequence[str], *, there: bool) -> Loaded:
    """The part of it that is (or is not) in these places or within one of them."""

    def within(group: Group, _: date) -> bool:
        return any(f"{group.jurisdiction}-".startswith(f"{one}-") for one in places) is there

    return found.only(within)


def _limits(session: ReadSession, actor: Actor, limits: Limits, now: int) -> tuple[LimitKept, ...]:
    named = zip(limits.groups, limits.clocks, limits.bases, strict=True)
    keys = [(g.track or "", g.version or "", g.step or "", *more) for g, *more in named]
    place = {key: at for at, key in enumerate(sorted(set(keys)))}
    of = np.array([place[key] for key in keys], np.int64)
    sums = np.zeros((len(place), 5), np.int64)
    np.add.at(sums, of, limits.kept(now))
    rows, late = limits.lateness(now)
    floor = whose(actor) is Whose.COUNTRY
    return tuple(
        _limit(session, actor.country, key, sums[at].tolist(), late[of[rows] == at], floor=floor)
        for key, at in place.items()
    )


def _limit(
    session: ReadSession,
    country: str,
    key: tuple[str, ...],
    sums: Sequence[int],
    overruns: NDArray[np.int64],
    *,
    floor: bool,
) -> LimitKept:
    track, version, step, clock, basis = key
    few = not overruns.size or (floor and hidden(overruns.size) is None)
    law = _version(session, country, track, version)
    clocks = law.clocks if law is not None else {}
    begun, met, missed, running, late = (tens(one) if floor else one for one in sums)
    return LimitKept(
        *(track, version, step, clock, basis),
        begun=begun,
        met=met,
        missed=missed,
        running=running,
        late=late,
        overrun_median=None if few else float(np.median(overruns)),
        sources=tuple(clocks[clock].sources) if clock in clocks else (),
    )


def _bottleneck(
    order: int,
    standing: Figure,
    longest: int | None,
    late: Sequence[int | None],
    figure: Figure,
    limits: tuple[LimitKept, ...],
) -> Bottleneck:
    counts = standing.counts
    few = standing.hidden or None in {counts.waiting, counts.working}  # one of few is one person
    return Bottleneck(
        standing.group.step or "",
        order,
        counts.waiting,
        counts.working,
        None if None in late else sum(one for one in late if one is not None),
        None if few or longest is None else float(longest),
        figure,
        limits,
    )


def _oldest(found: Loaded) -> dict[str, int]:
    oldest: dict[str, int] = {}
    for cell, since in found.cells.oldest().items():
        step = found.cells.groups[cell].step or ""
        oldest[step] = min(since, oldest.get(step, since))
    return oldest


def _version(session: ReadSession, country: str, track: str, version: str) -> Protocol | None:
    try:
        return session.catalogue.version_of(country, track, version)
    except LookupError:
        return None


def _steps(session: ReadSession, country: str, track: str) -> tuple[str, ...]:
    try:
        return tuple(session.catalogue.version_of(country, track).steps)
    except LookupError:
        return ()
