"""What the columns of figures are called in a file, and what each of them means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Final

from referral.exports.sheets import Column, Kind
from referral.figures import Counts, Group, Kept, Measure, Times

GROUP: Final = (
    Column("agency", Kind.TEXT, "The agency asked; a confidential one by its mandate."),
    *(
        Column(one.name, Kind.TEXT, means)
        for one, means in zip(
            fields(Group),
            (
                "Which agency, by its id.",
                "Place, ISO 3166-2. Empty: wherever it was.",
                "Track of the protocol.",
                "Step of that track.",
                "Version of the protocol.",
            ),
            strict=True,
        )
    ),
)
_COUNTED: Final = {
    "asked": "Hand-offs asked for in the period: the sum of the six states after it. Rounded down "
    "to tens where one of these is hidden.",
    "waiting": "Of these, requested or received and not answered yet.",
    "working": "Of these, accepted, in progress or on hold.",
    "declined": "Of these, declined.",
    "completed": "Of these, completed.",
    "failed": "Of these, failed.",
    "cancelled": "Of these, cancelled.",
    "attested": "Answered in another's name; counted, and not in the times.",
    "unconfirmed": "Of those answered in another's name, not confirmed.",
    "returned": "Failed or cancelled after it was accepted.",
    "asked_again": "Not the first opening of its step.",
    "no_contact": "Completed without contact with the person on record.",
    "errors": "Times out of order or missing: data errors, in no time.",
    "imported": "Imported from before; in no other number.",
}
_TIMED: Final = {
    "finished": (Kind.COUNT, "how often it happened"),
    "open": (Kind.COUNT, "how often it may still happen"),
    "ended": (Kind.COUNT, "how often it ended otherwise first"),
    "errors": (Kind.COUNT, "negative times, left out of everything else"),
    "median": (Kind.SECONDS, "median in seconds (Kaplan-Meier: who waits counts as waiting)"),
    "low": (Kind.SECONDS, "lower end of the 95 % interval of the median, in seconds"),
    "high": (Kind.SECONDS, "upper end of the 95 % interval of the median, in seconds"),
    "ninth": (Kind.SECONDS, "what nine in ten are done within, in seconds"),
    "small": (Kind.TEXT, "yes: fewer than 30 done, a small group"),
}
_FROM_TO: Final = {
    Measure.RECEIVED: "Requested to received",
    Measure.ACCEPTED: "Received to accepted",
    Measure.CONTACT: "Accepted to first contact with the person",
    Measure.COMPLETED: "First contact to completed",
}
_KEPT: Final = {
    "begun": (Kind.COUNT, "how many began"),
    "met": (Kind.COUNT, "stopped by their due moment"),
    "missed": (Kind.COUNT, "stopped later, or still running past it"),
    "running": (Kind.COUNT, "not yet due"),
    "share": (Kind.SHARE, "met of those decided"),
}
_GROUNDS: Final = {
    "legal": "Limits of law or of procedure in force",
    "proposed": "Proposed targets, without a number in law (never beside other agencies)",
}


def counted(name: str) -> Column:
    """One count."""
    return Column(name, Kind.COUNT, _COUNTED[name])


def figured() -> tuple[Column, ...]:
    """Every column of a figure, its group first; in the order of ``figure_sheets.numbers``."""
    return (*GROUP, *_numbers())


def _numbers() -> Iterator[Column]:
    yield from (counted(one.name) for one in fields(Counts))
    for measure in Measure:
        for one in fields(Times):
            kind, means = _TIMED[one.name]
            yield Column(f"{measure.value}_{one.name}", kind, f"{_FROM_TO[measure]}: {means}.")
    for ground, of in _GROUNDS.items():
        for one in fields(Kept):
            kind, means = _KEPT[one.name]
            yield Column(f"{ground}_{one.name}", kind, f"{of}: {means}.")


LIMIT: Final = (
    Column("track", Kind.TEXT, "Track of the protocol."),
    Column("version", Kind.TEXT, "Version of the protocol."),
    Column("step", Kind.TEXT, "Step the limit belongs to."),
    Column("clock", Kind.TEXT, "Which limit."),
    Column("basis", Kind.TEXT, "statutory: law; sop: procedure in force; assumption: proposed."),
    Column("begun", Kind.COUNT, "How many began. What is counted of a country stands in tens."),
    Column("met", Kind.COUNT, "Stopped by their due moment."),
    Column("missed", Kind.COUNT, "Stopped later, or still running past it."),
    Column("running", Kind.COUNT, "Not yet due."),
    Column("late", Kind.COUNT, "Of those missed, the ones that still run."),
    Column("overrun_median_seconds", Kind.SECONDS, "How late those missed are: median, seconds."),
    Column("sources", Kind.TEXT, "What the limit cites."),
)
