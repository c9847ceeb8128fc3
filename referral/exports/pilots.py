"""A version of a protocol on trial: the same figures of two sides, and how sure one may be of each.

What the page shows and what leaves as a file is made here once. The numbers are those of the
question, under its floor; what is added is the uncertainty of shares and whether two sides differ
by more than chance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from protocols.versions import PILOT
from referral import queries
from referral.errors import Refusal
from referral.exports.figure_columns import figured
from referral.exports.figure_sheets import numbers
from referral.exports.sheets import Column, Kind, Sheet
from referral.figures import SMALL, Figure, Kept, Measure, Period, Times
from referral.queries.figure_rows import whose
from referral.session import Actor, ReadSession

MOST_MONTHS: Final = 24
_Z: Final = 1.959964  # of a normal distribution, 95 %


class By(StrEnum):
    """What the two sides are."""

    TIME = "time"  # the months before it took force, and those since
    PLACE = "place"  # since then, elsewhere and in its pilot places


class Verdict(StrEnum):
    """What two intervals say of a difference."""

    APART = "apart"  # they do not overlap
    NOT_APART = "not apart"
    TOO_FEW = "too few"  # on one side at least: nothing may be said


@dataclass(frozen=True, slots=True)
class Interval:
    """Between which the true value lies, 95 times of 100; None: not reached."""

    low: float
    high: float | None

    def clear_of(self, other: Interval) -> bool:
        """Whether the two have nothing in common."""
        return _below(self, other) or _below(other, self)


@dataclass(frozen=True, slots=True)
class Side:
    """One side: its figure, and the uncertainty of its shares of limits met (Wilson)."""

    period: Period
    figure: Figure
    legal: Interval | None
    proposed: Interval | None


@dataclass(frozen=True, slots=True)
class Compared:
    """Both sides of one thing, and what may be said of each measure and of the limits."""

    one: Side
    other: Side
    times: Mapping[Measure, Verdict]
    legal: Verdict
    proposed: Verdict


@dataclass(frozen=True, slots=True)
class Pilot:
    """A pilot seen from two sides; ``places``: where it is one, empty: nowhere in particular."""

    track: str
    version: str
    by: By
    stage: str
    on_trial: bool  # it stands in its places only
    takes_force: date
    places: tuple[str, ...]
    whose: str
    whole: Compared
    steps: tuple[tuple[str, Compared], ...]


async def pilot_seen(
    session: ReadSession,
    actor: Actor,
    track: str,
    version: str,
    *,
    by: By,
    months: int,
    now: datetime,
) -> Pilot | Refusal:
    """Both sides of a version; one nobody knows is not found. ``months``: of each, at most."""
    found = await queries.pilot_of(
        session, actor, track, version, by=by.value, months=months, now=now
    )
    if isinstance(found, Refusal):
        return found
    law = session.catalogue.version_of(actor.country, track, version)
    periods = (found.one[0], found.other[0])
    return Pilot(
        *(track, version, by, law.stage.value, law.stage in PILOT, law.in_force_from),
        places=found.places,
        whose=whose(actor).value,
        whole=compared(periods, (found.one[1], found.other[1])),
        steps=tuple((name, compared(periods, both)) for name, *both in found.steps),
    )


def compared(periods: Sequence[Period], both: Sequence[Figure]) -> Compared:
    """Two figures beside each other."""
    one, other = (
        Side(period, told, interval(told.legal), interval(told.proposed))
        for period, told in zip(periods, both, strict=True)
    )
    times = {
        measure: verdict(*(_timed(side.figure, measure) for side in (one, other)))
        for measure in Measure
    }
    legal, proposed = (
        verdict(*(_enough(side, ground) for side in (one, other)))
        for ground in ("legal", "proposed")
    )
    return Compared(one, other, times, legal, proposed)


def interval(kept: Kept) -> Interval | None:
    """Wilson's interval of a share of limits met; None where the share is.

    Under the floor its sides stand in tens, rounded down: the interval comes out wider, never
    narrower. (E. B. Wilson, Journal of the American Statistical Association 22, 1927, 209-212.)
    """
    decided = (kept.met or 0) + (kept.missed or 0)
    if kept.share is None or not decided:
        return None
    spread = _Z * _Z / decided
    middle = (kept.share + spread / 2) / (1 + spread)
    varied = (kept.share * (1 - kept.share) + spread / 4) / decided
    half = _Z * math.sqrt(varied) / (1 + spread)
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def verdict(one: Interval | None, other: Interval | None) -> Verdict:
    """Whether two sides differ by more than chance; stricter than a test of the difference."""
    if one is None or other is None:
        return Verdict.TOO_FEW
    return Verdict.APART if one.clear_of(other) else Verdict.NOT_APART


def _timed(figure: Figure, measure: Measure) -> Interval | None:
    told = figure.times.get(measure, Times())
    if told.small or told.median is None:
        return None
    return Interval(told.low or 0.0, told.high)


def _enough(side: Side, ground: str) -> Interval | None:
    kept: Kept = getattr(side.figure, ground)
    found: Interval | None = getattr(side, ground)
    return found if (kept.met or 0) + (kept.missed or 0) >= SMALL else None


def _below(one: Interval, other: Interval) -> bool:
    return one.high is not None and one.high < other.low


# As a file ---------------------------------------------------------------------------------------
_SIDES: Final = {By.TIME: ("before", "since"), By.PLACE: ("elsewhere", "there")}
CAUTIONS: Final = (
    (
        "Apart means that the two 95 % intervals do not overlap: chance alone would hardly do "
        "that. Not apart does not mean alike: there may be too few to see a difference."
    ),
    (
        "A difference says that the sides differ, not that the version made it so. Seasons, "
        "staff, kinds of cases and other changes of the same time are in it too."
    ),
    (
        "A younger side had less time: fewer of its hand-offs have ended. Times take that into "
        "account (who waits counts as waiting), counts of completed and failed ones do not."
    ),
    (
        "One hand-off can have several limits, and one person several hand-offs. They go well or "
        "badly together, so the true uncertainty is larger than the intervals say."
    ),
    "Where many lines are compared, some are apart by chance.",
)
_JUDGED: Final = {
    **{measure.value: f"Times until {measure.value}" for measure in Measure},
    "legal": "Limits of law and procedure",
    "proposed": "Proposed targets",
}


def pilot_sheet(found: Pilot, as_of: datetime) -> Sheet:
    """Two lines for the whole and two for each step: one side, other side."""
    columns = (
        Column("line", Kind.TEXT, "total, or a step of the track."),
        Column("side", Kind.TEXT, "before and since it took force; or elsewhere and there."),
        Column("begins", Kind.DAY, "First day of the period."),
        Column("ends", Kind.DAY, "First day that is no longer in it."),
        *(*figured(), *_bounds(), *_verdicts()),
    )
    lines = [("total", found.whole), *found.steps]
    rows = tuple(row for name, told in lines for row in _rows(found, name, told))
    title = f"Pilot of {found.track}, version {found.version}, by {found.by.value}"
    return Sheet("pilot", title, columns, rows, as_of, notes=CAUTIONS)


def _verdicts() -> Iterator[Column]:
    for name, means in _JUDGED.items():
        yield Column(f"{name}_verdict", Kind.TEXT, f"{means}: whether the intervals are apart.")


def _bounds() -> Iterator[Column]:
    for ground in ("legal", "proposed"):
        for end, means in (("low", "Lower"), ("high", "Upper")):
            told = f"{means} end of the 95 % interval of {ground}_share (Wilson)."
            yield Column(f"{ground}_share_{end}", Kind.SHARE, told)


def _rows(found: Pilot, line: str, told: Compared) -> Iterator[tuple[object, ...]]:
    verdicts = (*(told.times[one].value for one in Measure), told.legal.value, told.proposed.value)
    for name, side in zip(_SIDES[found.by], (told.one, told.other), strict=True):
        ends = (
            end
            for one in (side.legal, side.proposed)
            for end in ((one.low, one.high) if one else (None, None))
        )
        yield (
            *(line, name, side.period.begins, side.period.ends),
            *(*numbers(side.figure), *ends, *verdicts),
        )
