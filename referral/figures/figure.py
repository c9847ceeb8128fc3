"""One figure: what a group of hand-offs came to. Numbers somebody may not see are None.

Times are seconds. They are Kaplan-Meier estimates: whoever still waits counts as waiting and not
as absent, so that an agency that answers only the easy ones does not look quick.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from referral.figures.measures import Cut, Group, Measure, Period

SMALL: Final = 30  # below this many finished, a group is marked (standards 6.3, D9)


@dataclass(frozen=True, slots=True)
class Counts:
    """Hand-offs asked for in the period, and what stands of them now. None: under the floor (D4).

    ``asked`` is the sum of the states after it. ``imported`` ones are in no other number. Notices
    and what was entered in error are in none. ``attested``: answered in another's name, and of
    these ``unconfirmed``; they are counted, and their times are not measured. ``returned``: failed
    or cancelled after acceptance. ``asked_again``: not the first opening of its step.
    ``no_contact``: completed without any contact with the person on record. ``errors``: a time
    before the one it follows, or one that is missing before it; reported, never averaged in.
    """

    asked: int | None = 0
    waiting: int | None = 0  # requested or received
    working: int | None = 0  # accepted, in progress, on hold
    declined: int | None = 0
    completed: int | None = 0
    failed: int | None = 0
    cancelled: int | None = 0
    attested: int | None = 0
    unconfirmed: int | None = 0
    returned: int | None = 0
    asked_again: int | None = 0
    no_contact: int | None = 0
    errors: int | None = 0
    imported: int | None = 0


@dataclass(frozen=True, slots=True)
class Times:
    """One measure over a group, in seconds.

    ``finished``: how often the later act happened; ``open``: the earlier one happened and the later
    may still; ``ended``: it ended otherwise first. All three are in the estimate. ``median`` with
    its 95 % interval ``low`` to ``high``, and ``ninth`` (what nine in ten are done within): None
    where too few have finished for it to be reached, or under the floor. ``errors``: negative
    times, left out of everything else.
    """

    finished: int | None = 0
    open: int | None = 0
    ended: int | None = 0
    errors: int | None = 0
    median: float | None = None
    low: float | None = None
    high: float | None = None
    ninth: float | None = None
    small: bool = True  # fewer than SMALL finished


@dataclass(frozen=True, slots=True)
class Kept:
    """Limits that began with the hand-offs of a group, by what they rest on.

    ``met``: stopped by their due moment; ``missed``: stopped later, or still running past it;
    ``running``: not yet due. ``share``: met / (met + missed), None where nothing is decided or the
    floor hides it.
    """

    begun: int | None = 0
    met: int | None = 0
    missed: int | None = 0
    running: int | None = 0
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One group: its counts, its times, and how its limits were kept.

    ``legal``: limits with a number in law or in force as procedure; ``proposed``: targets of ours
    (basis ``assumption``), never part of a comparison of agencies. ``name``: the agency's name, its
    mandate if it is confidential; None unless the group is of one agency. ``hidden``: the floor
    hides the whole group.
    """

    group: Group
    counts: Counts = field(default_factory=Counts)
    times: Mapping[Measure, Times] = field(default_factory=dict)
    legal: Kept = field(default_factory=Kept)
    proposed: Kept = field(default_factory=Kept)
    name: str | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """An answer: groups of one cut over one period.

    ``whose``: ``own`` (exact, of hand-offs the caller herself sent or received), ``unit`` (those of
    her unit that she may see) or ``country`` (everybody's, under the floor). ``as_of``: what
    happened later is not in it.
    ``open_months``: of the period, those not closed yet. ``total``: all groups together.
    """

    cut: Cut
    period: Period
    whose: str
    as_of: datetime
    total: Figure
    groups: tuple[Figure, ...]
    open_months: tuple[date, ...] = ()
