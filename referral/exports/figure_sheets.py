"""Figures as tables that leave the house: one for each question, with the numbers of its answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, fields
from datetime import date, datetime
from typing import Any, Final

from referral import queries
from referral.exports.figure_columns import GROUP, LIMIT, counted, figured
from referral.exports.sheets import ABSENT, Column, Kind, Sheet
from referral.figures import Curve, Figure, Figures, Funnel, Kept, Measure, Times
from referral.queries import Bottleneck, LimitKept, Returns, SenderActs, Uncontacted

WHOSE: Final = {
    "own": "Hand-offs the asker sent or received.",
    "unit": "Hand-offs the asker's unit sent or received, as far as she may open them.",
    "country": "The whole country. Counts of 1 to 10 and what would give them away are hidden; "
    "counts of times and limits, and totals over hidden ones, are rounded down to tens. Closed "
    "months stand as the clockwork last counted them.",
}
_BEGINS: Final = Column("begins", Kind.DAY, "First day of the period.")
_ENDS: Final = Column("ends", Kind.DAY, "First day that is no longer in it.")


def figures_sheet(found: Figures, _: datetime) -> Sheet:
    """A line for each group, and one for all together; the answer says itself as of when."""
    beside = found.cut in queries.BESIDE_OTHERS
    told = [("group", numbers(one, targets=not beside)) for one in found.groups]
    period = found.period
    rows = (
        (found.cut.value, line, period.begins, period.ends, found.whose, *row)
        for line, row in [*told, ("total", numbers(found.total))]
    )
    columns = (
        Column("cut", Kind.TEXT, "By what hand-offs are grouped."),
        Column("line", Kind.TEXT, "group, or total of all groups."),
        *(_BEGINS, _ENDS),
        Column("whose", Kind.TEXT, "own, unit or country: over whose hand-offs."),
        *figured(),
    )
    still = ", ".join(f"{one:%Y-%m}" for one in found.open_months)
    notes = (f"Not over yet, and counted as it stands: {still}.",) if still else ()
    return Sheet(*("figures", "Figures by group", columns, tuple(rows), found.as_of), notes=notes)


def series_sheet(series: Iterable[tuple[date, Figure]], as_of: datetime) -> Sheet:
    """A line for each month."""
    columns = (Column("month", Kind.DAY, "First day of the month."), *figured())
    rows = tuple((at, *numbers(one)) for at, one in series)
    return Sheet("months", "Figures month by month", columns, rows, as_of)


def curve_sheet(found: Curve, as_of: datetime) -> Sheet:
    """A line for each step of the curve."""
    columns = (
        Column("seconds", Kind.SECONDS, "How long after. Each share holds until the next line."),
        Column("share", Kind.SHARE, "For whom it has not happened yet (Kaplan-Meier)."),
        Column("low", Kind.SHARE, "Lower end of the 95 % interval of the share."),
        Column("high", Kind.SHARE, "Upper end of the 95 % interval of the share."),
        Column("at_risk", Kind.COUNT, "Not yet done or ended. Of a country in tens."),
    )
    rows = tuple(astuple(one) for one in found.points)
    notes = ("Too few to be shown.",) if found.hidden else ()
    title = f"Times until {found.measure.value}: a Kaplan-Meier curve"
    return Sheet("curve", title, columns, rows, as_of, notes=notes)


def comparison_sheet(found: Funnel, as_of: datetime) -> Sheet:
    """A line for each agency."""
    columns = (
        Column("agency_id", Kind.TEXT, "Which agency, by its id."),
        Column("agency", Kind.TEXT, "The agency asked; a confidential one by its mandate."),
        Column("decided", Kind.COUNT, "Limits of law and procedure that were met or missed."),
        Column("share", Kind.SHARE, "Of these, met."),
        Column(
            "place",
            Kind.TEXT,
            "Against chance alone: within, low, high, very low, very high; "
            "empty: too few to say, or hidden.",
        ),
        Column("low_95", Kind.SHARE, "Lower limit of 95 in 100 agencies by chance alone."),
        Column("high_95", Kind.SHARE, "Upper limit of 95 in 100 agencies by chance alone."),
    )
    rows = tuple(
        (
            *(one.group.agency_id, one.name, one.size, one.share, one.place),
            *((one.bounds.low_95, one.bounds.high_95) if one.bounds else (None, None)),
        )
        for one in found.points
    )
    title = "Agencies compared by the share of limits met"
    return Sheet("agencies-compared", title, columns, rows, as_of)


_OF_STEP: Final = (
    Column("waiting", Kind.COUNT, "Not answered now."),
    Column("working", Kind.COUNT, "Accepted and not ended now."),
    Column("late", Kind.COUNT, "Of both, past a limit now; of a limit, those missed that run."),
    Column("longest_seconds", Kind.SECONDS, "How long the oldest of them has waited, in seconds."),
)


def bottlenecks_sheet(found: Sequence[Bottleneck], as_of: datetime) -> Sheet:
    """A line for each step in the order of the protocol; after it one for each of its limits."""
    of_limit = [one for one in LIMIT if one.name not in {"track", "step", "late"}]
    columns = (
        Column("line", Kind.TEXT, "step, or limit of that step."),
        Column("track", Kind.TEXT, "Track of the protocol."),
        Column("step", Kind.TEXT, "Step of that track."),
        Column("order", Kind.COUNT, "Place of the step in the protocol, from 0."),
        *(*_OF_STEP, *of_limit),
    )
    rows: list[tuple[object, ...]] = []
    for one in found:
        here = (one.figure.group.track, one.step, one.order)
        now = (one.waiting, one.working, one.late, one.longest)
        rows.append(("step", *here, *now, *(ABSENT for _ in of_limit)))
        for limit in one.limits:
            told = dict(zip((each.name for each in LIMIT), _limit(limit), strict=True))
            rest = [told[each.name] for each in of_limit]
            rows.append(("limit", *here, ABSENT, ABSENT, limit.late, ABSENT, *rest))
    return Sheet("bottlenecks", "Where cases wait, step by step", columns, tuple(rows), as_of)


def law_gaps_sheet(found: Iterable[LimitKept], as_of: datetime) -> Sheet:
    """A line for each assumed limit."""
    rows = tuple(_limit(one) for one in found)
    return Sheet("law-gaps", "Limits without a number in law", LIMIT, rows, as_of)


def attested_sheet(found: Iterable[SenderActs], as_of: datetime) -> Sheet:
    """A line for each sender."""
    columns = (
        Column("sender", Kind.TEXT, "The unit; of a confidential agency its mandate."),
        Column("attested", Kind.COUNT, "Answers it gave in another's name."),
        Column("unconfirmed", Kind.COUNT, "Of these, confirmed by nobody yet."),
        Column("oldest_unconfirmed", Kind.MOMENT, "When the oldest unconfirmed was asked for."),
    )
    rows = tuple(astuple(one) for one in found)
    return Sheet("attested", "Answers given in another's name, by sender", columns, rows, as_of)


def uncontacted_sheet(found: Iterable[Uncontacted], as_of: datetime) -> Sheet:
    """A line for each agency, and one for all together."""
    columns = (
        Column("line", Kind.TEXT, "agency, or all agencies together."),
        *GROUP[:2],
        Column("count", Kind.COUNT, "Accepted three days ago or before, without contact since."),
    )
    rows = tuple(
        ("all", ABSENT, ABSENT, one.count)
        if one.agency_id is None
        else ("agency", one.agency, one.agency_id, one.count)
        for one in found
    )
    return Sheet(
        "uncontacted", "Accepted, and then no contact with the person", columns, rows, as_of
    )


def returns_sheet(found: Returns, as_of: datetime) -> Sheet:
    """Lines for what came back, by agency; then for who came again, by track and in all."""
    columns = (
        Column("line", Kind.TEXT, "agency, track, or all tracks together."),
        *GROUP[:2],
        Column("track", Kind.TEXT, "Track of the protocol."),
        *(counted("returned"), counted("asked_again")),
        Column("re_entries", Kind.COUNT, "New referrals that follow a closed one."),
    )
    gone = (ABSENT, ABSENT)
    rows: list[tuple[object, ...]] = [
        (
            *("agency", one.name, one.group.agency_id, ABSENT),
            *(one.counts.returned, one.counts.asked_again, ABSENT),
        )
        for one in found.by_agency
    ]
    rows += [("track", *gone, track, *gone, count) for track, count in found.by_track]
    rows.append(("all", *gone, ABSENT, *gone, found.re_entries))
    title = "What came back after it was taken, and who came again"
    return Sheet("returns", title, columns, tuple(rows), as_of)


def numbers(figure: Figure, *, targets: bool = True) -> tuple[object, ...]:
    """A figure in the order of its columns; without ``targets`` nothing is told of these."""
    return tuple(_numbers(figure, targets=targets))


def _numbers(figure: Figure, *, targets: bool) -> Iterator[Any]:
    group = [ABSENT if one is None else one for one in astuple(figure.group)]
    yield from (ABSENT if figure.name is None else figure.name, *group)
    yield from astuple(figure.counts)
    for measure in Measure:
        yield from astuple(figure.times.get(measure, Times()))
    yield from astuple(figure.legal)
    yield from astuple(figure.proposed) if targets else (ABSENT for _ in fields(Kept))


def _limit(one: LimitKept) -> tuple[object, ...]:
    return (*astuple(one)[:-1], " ".join(one.sources))
