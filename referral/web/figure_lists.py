"""Answers that are lists: steps and their limits, who answers for others, what came back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from referral.figures import Figure, Group
from referral.queries import Bottleneck, LimitKept, Returns, SenderActs, Uncontacted
from referral.web import figure_words as words
from referral.web.figure_tables import Cell, Row, Section, Table, cells
from referral.web.figure_words import Teller
from referral.web.wording import Clockface

_LIMIT_COLUMNS: Final = (
    "Began",
    "Met",
    "Missed",
    "Running",
    "Missed and still open",
    "How late (median)",
    "Basis",
)
_BASES: Final = {"statutory": "law", "sop": "procedure", "assumption": "proposed target"}


def steps_in(tell: Teller, found: tuple[Bottleneck, ...]) -> tuple[Section, ...]:
    """The steps of a track in its order, and their limits."""
    columns = (
        "Wait for an answer",
        "Being worked on",
        "Past a limit now",
        "The oldest has waited",
    )
    rows = tuple(_step(tell, one) for one in found)
    kept = tuple(_limit(tell, one) for step in found for one in step.limits)
    return (
        Section("Steps", Table("Steps", "Step", columns, rows)),
        Section("Limits of these steps", Table("Limits", "Limit", _LIMIT_COLUMNS, kept)),
    )


def _step(tell: Teller, one: Bottleneck) -> Row:
    told = [words.number(one.waiting), words.number(one.working)]
    told += [words.number(one.late, about=tell.floored), words.seconds(one.longest)]
    return Row(tell.step(one.figure.group), cells(told), (), tell.narrower(one.figure.group))


def _limit(tell: Teller, one: LimitKept) -> Row:
    counts = (one.begun, one.met, one.missed, one.running, one.late)
    told = [words.number(count, about=tell.floored) for count in counts]
    told += [words.seconds(one.overrun_median), _BASES.get(one.basis, one.basis)]
    step = tell.step(Group(track=one.track, step=one.step))
    cited = [
        ", ".join(part for part in (source.title, source.article, source.grade) if part)
        for source in tell.law.cited(one.sources)
    ]
    return Row(f"{step}: {one.clock}, version {one.version}", cells(told), tuple(cited))


def gaps_in(tell: Teller, found: Iterable[LimitKept]) -> Section:
    """Each assumed limit, and how often it was missed."""
    rows = tuple(_limit(tell, one) for one in found)
    title = "Assumed limits"
    return Section(title, Table(title, "Limit", _LIMIT_COLUMNS, rows, "No assumed limit ran."))


def attested_in(tell: Teller, clock: Clockface, found: Iterable[SenderActs]) -> Section:
    """Answers given in another's name, by sender."""
    rows = []
    for one in found:
        told = (words.number(one.attested), words.number(one.unconfirmed))
        oldest = clock.moment(one.oldest_unconfirmed)
        rows.append(Row(tell.law.label(one.unit), cells((*told, oldest))))
    title = "Answers given in another's name, by sender"
    columns = ("Given", "Not confirmed", "The oldest not confirmed")
    return Section(title, Table(title, "Sender", columns, tuple(rows), "Nobody gave any."))


def uncontacted_in(tell: Teller, found: Iterable[Uncontacted]) -> Section:
    """Accepted, and then nobody was in contact with the person: now, by agency."""
    rows = tuple(
        Row(
            tell.law.label(one.agency) if one.agency else "All together",
            cells((words.number(one.count, about=tell.floored),)),
        )
        for one in found
    )
    title = "Accepted three days ago or before, and no contact with the person yet"
    columns = ("Now, whenever it was asked for",)
    return Section(title, Table(title, "Agency asked", columns, rows))


def returns_in(tell: Teller, found: Returns) -> tuple[Section, ...]:
    """What came back, and who came again."""
    names = ("returned", "asked_again")
    again = tuple(Row(tell.track(t), cells((words.number(n),))) for t, n in found.by_track)
    came = tuple(_returned(tell, one, names) for one in found.by_agency)
    whole = words.number(found.re_entries, about=tell.floored)
    title = "Came back after it was taken, or was asked again"
    columns = ("Came back", "Asked again")
    entries = Table("Came again", "Track", ("New referrals",), again, "Nobody came again.")
    return (
        Section(title, Table(title, "Agency asked", columns, came)),
        Section("Came again after closure", entries, (f"{whole} in all.",)),
    )


def _returned(tell: Teller, one: Figure, names: tuple[str, ...]) -> Row:
    made = []
    for name in names:
        count = getattr(one.counts, name)
        made.append(Cell(words.number(count), tell.behind(one.group, name, count)))
    return Row(tell.law.label(one.name or "?"), tuple(made))
