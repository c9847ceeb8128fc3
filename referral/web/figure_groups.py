"""Groups side by side and months in a row: how many, how long it took, how limits were kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from referral import queries
from referral.figures import Figure, Figures, Measure, Period, Times
from referral.figures.floor import STATES
from referral.queries import Overview
from referral.web import figure_words as words
from referral.web.drawing import bars
from referral.web.figure_tables import Row, Section, Table, cells
from referral.web.figure_words import Teller, address

_WHOLE: Final = "All together"
_COUNTS: Final = tuple(words.COUNTED.values())
_LEGAL: Final = "Limits with a number in law or in force as procedure."
_TARGETS: Final = (
    "Proposed targets have no number in law. They stand apart, are nobody's failure, and agencies "
    "are never compared by them."
)


def overview_of(tell: Teller, found: Overview) -> tuple[Section, ...]:
    """One month and the month before, how it went over time, and the month by agency and track."""
    both = [_of_month(tell, *one) for one in (found.series[-1], found.series[-2])]
    return (
        Section("Hand-offs", Table("Hand-offs", "Month", _COUNTS, tuple(m[0] for m in both))),
        months_of(tell, found.series),
        _limits_in(tuple(m[1] for m in both), "Month"),
        _limits_in(tuple(m[2] for m in both), "Month", proposed=True),
        Section("By agency asked", _counted(_named(tell, found.by_agency), tell, "Agency asked")),
        Section("By track", _counted(_named(tell, found.by_track), tell, "Track")),
        *(words.measured(tell, one, _named(tell, found.by_track), "Track") for one in Measure),
    )


def _of_month(tell: Teller, month: date, one: Figure) -> tuple[Row, Row, Row]:
    """Its counts, its limits and its targets; what is behind them is of that month."""
    then = replace(tell, wanted=tell.wanted.over(Period.month(month)))
    name = f"{month:%B %Y}"
    legal, proposed = (then.kept(one, of, name) for of in (one.legal, one.proposed))
    return then.counts(one, name), legal, proposed


def groups_of(tell: Teller, found: Figures) -> tuple[Section, ...]:
    """Counts, each measure, limits and proposed targets, group by group."""
    first = words.CUTS.get(found.cut, "Group")
    groups = _named(tell, found)
    named = [*groups, (_WHOLE, found.total)]
    # Beside other agencies stands no proposed target: of them only the whole is told.
    targets = named[-1:] if found.cut in queries.BESIDE_OTHERS else named
    legal = tuple(tell.kept(one, one.legal, name) for name, one in named)
    proposed = tuple(tell.kept(one, one.proposed, name) for name, one in targets)
    return (
        Section("Hand-offs", _counted(groups, tell, first, found.total)),
        *(words.measured(tell, one, named, first) for one in Measure),
        _limits_in(legal, first),
        _limits_in(proposed, first, proposed=True),
    )


def months_of(tell: Teller, series: Sequence[tuple[date, Figure]]) -> Section:
    """Month after month: how many were asked for, how long until they were accepted, limits met."""
    rows = tuple(_month_row(tell, month, one) for month, one in series)
    columns = (
        "Asked",
        "Waiting",
        "Completed",
        "Received to accepted (median)",
        "Share within limit",
    )
    asked = [
        (f"{at:%m/%y}", one.counts.asked, f"{at:%B %Y}: {words.number(one.counts.asked)}")
        for at, one in series
    ]
    chart = bars("Hand-offs asked for, by month", asked)
    return Section("Month by month", Table("Month by month", "Month", columns, rows), (), (chart,))


def _month_row(tell: Teller, month: date, one: Figure) -> Row:
    told, accepted = one.counts, one.times.get(Measure.ACCEPTED, Times())
    hides = tell.floored and None in {getattr(told, state) for state in STATES}
    known = [words.number(told.asked, about=hides)]
    known += [words.number(told.waiting), words.number(told.completed)]
    known += [words.seconds(accepted.median), words.share(one.legal.share)]
    alone = address("/groups", tell.wanted.over(Period.month(month)), cut="agency")
    return Row(f"{month:%B %Y}", cells(known), words.few_done(accepted), alone)


def _counted(
    named: Sequence[tuple[str, Figure]], tell: Teller, first: str, total: Figure | None = None
) -> Table:
    rows = [tell.counts(one, name) for name, one in named]
    if total is not None:
        told = [one.counts for _, one in named]
        rows.append(tell.counts(total, _WHOLE, words.hidden_in(told)))
    return Table("Hand-offs", first, _COUNTS, tuple(rows))


def _limits_in(rows: tuple[Row, ...], first: str, *, proposed: bool = False) -> Section:
    title, note = ("Proposed targets", _TARGETS) if proposed else ("Limits", _LEGAL)
    return Section(title, Table(title, first, words.KEPT_COLUMNS, rows), (note,))


def _named(tell: Teller, found: Figures) -> list[tuple[str, Figure]]:
    return [(tell.name(one, found.cut), one) for one in found.groups]
