"""The tables and charts of a pilot: one line for each side, the uncertainty drawn beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from referral.exports.pilots import By, Compared, Interval, Pilot, Side
from referral.figures import SMALL, Group, Kept, Measure, Times
from referral.web import figure_ranges as ranges
from referral.web import figure_words as words
from referral.web.figure_page import spoken
from referral.web.figure_tables import Cell, Row, Section, Table, cells
from referral.web.figure_words import Teller
from referral.web.pilot_words import VERDICTS, Saying

_COUNTS: Final = tuple(words.COUNTED.values())
_KEPT: Final = ("Began", "Met", "Missed", "Running", "Share within limit", "95 % interval")
_STEPS: Final = (
    *("Asked", "Waiting", "Completed", "Received to accepted (median)", "95 % interval"),
    *("Share within limit", "95 % interval"),
)
_TARGETS: Final = "Proposed targets have no number in law: to miss one is nobody's failure."


def sections(tell: Teller, found: Pilot, say: Saying) -> tuple[Section, ...]:
    """Counts, limits, targets, each measure, and every step on its own."""
    told = _Telling(tell, found, say)
    limits, targets = told.kept("legal"), told.kept("proposed")
    return (
        Section("Hand-offs", Table("Hand-offs", "Side", _COUNTS, told.counts())),
        replace(limits, notes=(VERDICTS[found.whole.legal],)),
        replace(targets, notes=(_TARGETS, VERDICTS[found.whole.proposed])),
        *(told.measured(one) for one in Measure),
        Section("Step by step", Table("Step by step", "Step, side", _STEPS, tuple(told.steps()))),
    )


class _Telling:
    """Both sides of one pilot, for one person."""

    def __init__(self, tell: Teller, found: Pilot, say: Saying) -> None:
        self.tell = tell
        self.found = found
        self.names = say.sides
        self.whole = found.whole

    def counts(self) -> tuple[Row, ...]:
        """How many; what is behind a number only where one list has just that."""
        rows = []
        steps = zip(*((both.one, both.other) for _, both in self.found.steps), strict=True)
        parts = [[one.figure.counts for one in each] for each in steps] or [[], []]
        for (name, side), counts in zip(self._sides(self.whole), parts, strict=True):
            period, rounded = f"{name}, {spoken(side.period)}", words.hidden_in(counts)
            told = self._teller(side).counts(side.figure, period, rounded)
            rows.append(_plain(told, self.found.by))
        return tuple(rows)

    def kept(self, ground: str) -> Section:
        """Limits of one ground, the share with its interval."""
        rows, drawn = [], []
        for name, side in self._sides(self.whole):
            kept: Kept = getattr(side.figure, ground)
            found: Interval | None = getattr(side, ground)
            told = [self._number(one) for one in (kept.begun, kept.met, kept.missed, kept.running)]
            told += [words.share(kept.share), _between(found)]
            few = 0 < (kept.met or 0) + (kept.missed or 0) < SMALL
            marks = (f"fewer than {SMALL} decided: small group",) if few else ()
            rows.append(Row(name, cells(told), marks))
            drawn.append(_share(name, kept, found))
        title = "Limits" if ground == "legal" else "Proposed targets"
        charts = ranges.shares(f"{title}: share met, with 95 % intervals", drawn)
        return Section(title, Table(title, "Side", _KEPT, tuple(rows)), (), charts)

    def measured(self, measure: Measure) -> Section:
        """One measure of both sides."""
        rows, drawn = [], []
        for name, side in self._sides(self.whole):
            told = side.figure.times.get(measure, Times())
            rows.append(replace(self._teller(side).times(side.figure, measure, name), address=None))
            drawn.append(
                None
                if told.median is None
                else ranges.of_time(name, told.median, told.low, told.high)
            )
        title = words.MEASURES[measure]
        table = Table(title, "Side", words.TIME_COLUMNS, tuple(rows))
        charts = ranges.times(f"{title}: median, with 95 % intervals", drawn)
        return Section(title, table, (VERDICTS[self.whole.times[measure]],), charts)

    def steps(self) -> Iterator[Row]:
        """Each step on both sides."""
        for code, both in self.found.steps:
            step = self.tell.step(Group(track=self.found.track, step=code))
            for name, side in self._sides(both):
                yield self._step(f"{step}: {name.lower()}", side)

    def _step(self, name: str, side: Side) -> Row:
        figure = side.figure
        counts, accepted = figure.counts, figure.times.get(Measure.ACCEPTED, Times())
        reached = accepted.median is not None
        told = [self._asked(side), words.number(counts.waiting), words.number(counts.completed)]
        told += [
            words.seconds(accepted.median),
            f"{words.seconds(accepted.low)} to {words.seconds(accepted.high)}" if reached else "–",
            words.share(figure.legal.share),
            _between(side.legal),
        ]
        marks = ["Too few to be shown"] if figure.hidden else []
        if accepted.small and accepted.finished:
            marks.append(f"fewer than {SMALL} accepted: small group")
        return Row(name, cells(told), tuple(marks))

    def _sides(self, both: Compared) -> Iterator[tuple[str, Side]]:
        yield from zip(self.names, (both.one, both.other), strict=True)

    def _teller(self, side: Side) -> Teller:
        """The months of this side; only the version itself once it has taken force."""
        wanted = self.tell.wanted.over(side.period)
        version = self.found.version if side is self.whole.other else ""
        return replace(self.tell, wanted=replace(wanted, version=version))

    def _number(self, count: int | None) -> str:
        return words.number(count, about=self.tell.floored)

    def _asked(self, side: Side) -> str:
        [cell, *_] = self._teller(side).counts(side.figure, "").cells
        return cell.words


def _plain(row: Row, by: By) -> Row:
    """Several places are no one group: no list of hand-offs has just these."""
    if by is By.TIME:
        return replace(row, address=None)
    return replace(row, address=None, cells=tuple(Cell(one.words) for one in row.cells))


def _between(found: Interval | None) -> str:
    return "–" if found is None else f"{words.share(found.low)} to {words.share(found.high)}"


def _share(name: str, kept: Kept, found: Interval | None) -> ranges.Range | None:
    if found is None or kept.share is None or found.high is None:
        return None
    return ranges.of_share(name, kept.share, found.low, found.high)
