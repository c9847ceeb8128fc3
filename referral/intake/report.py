"""What became of every row: counted, and said as text and as JSON. None is silently dropped.

What stands in the file is counted over every complaint that could be read; what the protocol says
of it over those filed now. Agreement is shown as it is: practice came first, the protocol later.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from referral.casework import UNLISTED, Imported, Recorded, disorder_of
from referral.intake.linea145 import Complaint
from referral.intake.table import BadRow, Row

NOBODY = "(nobody)"
UNFINISHED = "(unfinished entry)"
NOT_RECORDED = "(not recorded)"
LATE = 7  # days from intake to the first referral


@dataclass(slots=True)
class Report:
    """One import. Counters are keyed by what they count; days are days of the unit's calendar."""

    layout: str
    zone: ZoneInfo
    read: int = 0
    filed: int = 0
    already_filed: int = 0
    refused: list[BadRow] = field(default_factory=list)
    persons_read: int = 0
    persons_filed: Counter[str] = field(default_factory=Counter)  # by role
    persons_already_filed: int = 0
    refused_persons: list[BadRow] = field(default_factory=list)
    columns_not_known: tuple[str, ...] = ()
    columns_missing: tuple[str, ...] = ()
    unknown_labels: dict[tuple[str, str], int] = field(default_factory=dict)
    # of the file
    recorded: Counter[tuple[str, str]] = field(default_factory=Counter)  # situation, mandate
    without_referral: int = 0
    unfinished: Counter[str] = field(default_factory=Counter)  # by what is written there
    disorder: Counter[tuple[str, int]] = field(default_factory=Counter)  # code, opening
    days: list[int] = field(default_factory=list)  # intake to first referral; negative: an error
    without_place: int = 0
    # of what was filed now
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)  # situation, mandate
    routed_without_place: int = 0
    triage: int = 0
    hand_offs: int = 0
    stood_in_for: int = 0
    agreed: Counter[str] = field(default_factory=Counter)  # by situation
    compared: Counter[str] = field(default_factory=Counter)
    same_agency: int = 0
    asked_at_all: int = 0  # the protocol's first recipient is among the recorded ones, in any place
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)  # mandate, recorded body
    seconds: float = 0.0

    def refuse(self, bad: BadRow, persons: Sequence[Row]) -> None:
        """A complaint is not filed, nor the persons it names."""
        self.refused.append(bad)
        for row in persons:
            reason = "The complaint itself was refused; see there."
            self.refused_persons.append(BadRow(row.line, bad.number, "complaint", reason))

    def look_at(self, complaint: Complaint, now: datetime) -> None:
        """What the record itself says, filed or not."""
        intake_at = complaint.intake.occurred_at
        self.without_place += not complaint.place_recorded
        self.without_referral += not complaint.recorded
        for one in complaint.recorded:
            if not one.finished(now):
                self.unfinished[one.body or NOT_RECORDED] += 1
        for opening, code in disorder_of(complaint.recorded, intake_at).items():
            self.disorder[code, opening] += 1
        first = _first(complaint, now)
        situation = complaint.situation or NOT_RECORDED
        self.recorded[situation, str(first.mandate) if first else _nobody(complaint)] += 1
        if first and first.occurred_at and intake_at:
            self.days.append((self._day(first.occurred_at) - self._day(intake_at)).days)

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def filed_before(self, complaint: Complaint) -> None:
        """An earlier import filed it; nothing was changed."""
        self.already_filed += 1
        self.persons_already_filed += len(complaint.persons)

    def filed_now(self, complaint: Complaint, answer: Imported, now: datetime) -> None:
        """A case of history was filed; what the protocol says of it beside what was done."""
        situation = complaint.situation or NOT_RECORDED
        mandate = answer.first.mandate if answer.first else NOBODY
        self.filed += 1
        self.persons_filed.update(complaint.persons)
        self.triage += answer.triage
        self.hand_offs += answer.hand_offs
        self.stood_in_for += answer.stood_in_for
        self.asked[situation, mandate] += 1
        reached = answer.first is not None and answer.first.agency is not None
        self.routed_without_place += reached and not complaint.place_recorded
        recorded = _first(complaint, now)
        self.confusion[mandate, recorded.body if recorded else _nobody(complaint)] += 1
        if recorded is not None:
            self.compared[situation] += 1
            self.agreed[situation] += recorded.mandate == mandate
            own = answer.first is not None and recorded.agency == answer.first.agency
            self.same_agency += recorded.mandate == mandate and own
            told = {one.mandate for one in complaint.recorded if one.finished(now)}
            self.asked_at_all += mandate in told

    @property
    def rate(self) -> float:
        """Complaints filed per second."""
        return self.filed / self.seconds if self.seconds else 0.0

    def as_json(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return {
            "layout": self.layout,
            "complaints": {
                "read": self.read,
                "filed": self.filed,
                "already_filed": self.already_filed,
                "refused": [asdict(one) for one in self.refused],
            },
            "persons": {
                "read": self.persons_read,
                "filed": dict(self.persons_filed),
                "already_filed": self.persons_already_filed,
                "refused": [asdict(one) for one in self.refused_persons],
            },
            "recorded": self._recorded(),
            "protocol": self._protocol(),
            "columns": {"not_known": self.columns_not_known, "missing": self.columns_missing},
            "labels_not_known": [
                {"column": column, "label": label, "count": count}
                for (column, label), count in self.unknown_labels.items()
            ],
            "seconds": round(self.seconds, 2),
            "per_second": round(self.rate, 1),
        }

    def _recorded(self) -> dict[str, Any]:
        return {
            "first_by_situation": _nested(self.recorded),
            "without_referral": self.without_referral,
            "unfinished": dict(self.unfinished),
            "times_in_disorder": _nested(self.disorder),
            "without_province": self.without_place,
            "days_to_first_referral": self.delays(),
        }

    def _protocol(self) -> dict[str, Any]:
        return {
            "first_by_situation": _nested(self.asked),
            "without_province_routed": self.routed_without_place,
            "by_triage": self.triage,
            "hand_offs": self.hand_offs,
            "bodies_not_in_the_directory": self.stood_in_for,
            "agreement": {
                "compared": self.compared.total(),
                "agreed": self.agreed.total(),
                "same_agency": self.same_agency,
                "among_all_recorded": self.asked_at_all,
                "by_situation": {
                    one: {"compared": total, "agreed": self.agreed[one]}
                    for one, total in self.compared.items()
                },
            },
            "confusion": _nested(self.confusion),
        }

    def delays(self) -> dict[str, Any]:
        """Days from intake to the first referral; negative ones are errors and counted apart."""
        good = [days for days in self.days if days >= 0]
        return {
            "counted": len(good),
            "negative": len(self.days) - len(good),
            "median": statistics.median(good) if good else None,
            f"over_{LATE}": sum(days > LATE for days in good),
            "longest": max(good, default=None),
        }

    def text(self) -> str:
        """For people, at a terminal."""
        return "\n".join(_lines(self))


def _first(complaint: Complaint, now: datetime) -> Recorded | None:
    """The first referral the record finished."""
    return next((one for one in complaint.recorded if one.finished(now)), None)


def _nobody(complaint: Complaint) -> str:
    return UNFINISHED if complaint.recorded else NOBODY


def _nested(counter: Counter[Any]) -> dict[str, dict[str, int]]:
    """Pairs as a table: the first of the pair, then the second, the most frequent first."""
    found: dict[str, dict[str, int]] = {}
    for (row, column), count in counter.most_common():
        found.setdefault(str(row), {})[str(column)] = count
    return found


def _lines(report: Report) -> Iterator[str]:
    yield (
        f"Complaints: {report.read} read, {report.filed} filed, {report.already_filed} filed "
        f"before, {len(report.refused)} refused"
    )
    yield f"  {report.seconds:.1f} seconds, {report.rate:.0f} complaints a second"
    yield from _refusals(report.refused)
    persons = ", ".join(f"{count} {role}" for role, count in report.persons_filed.most_common())
    yield (
        f"Persons: {report.persons_read} read, {report.persons_filed.total()} filed "
        f"({persons or 'none'}), {report.persons_already_filed} filed before, "
        f"{len(report.refused_persons)} refused"
    )
    yield from _refusals(report.refused_persons)
    for name in report.columns_missing:
        yield f"  the file has no column {name}: not known for every complaint"
    for name in report.columns_not_known:
        yield f"  the column {name} is not of this layout and was not read"
    for (column, label), count in report.unknown_labels.items():
        yield f"  “{label}” in {column} is not in the layout: {count} times, filed without it"
    yield from _of_the_record(report)
    yield from _of_the_protocol(report)


def _refusals(refused: Sequence[BadRow]) -> Iterator[str]:
    for one in sorted(refused, key=lambda one: one.line):
        yield f"  line {one.line} {one.number or '(no number)'}: {one.reason}"


def _of_the_record(report: Report) -> Iterator[str]:
    delays = report.delays()
    yield "What the record says"
    yield f"  no recorded referral: {report.without_referral}"
    for body, count in report.unfinished.most_common():
        yield f"  unfinished entry “{body}”: {count}"
    yield f"  without a province: {report.without_place}"
    for (code, opening), count in sorted(report.disorder.items()):
        yield f"  referral {opening} {code.replace('-', ' ')}: {count}"
    yield (
        f"  days from intake to first referral: median {delays['median']}, longest "
        f"{delays['longest']}, over {LATE} days {delays[f'over_{LATE}']}, "
        f"negative (errors) {delays['negative']}"
    )
    yield from _table("  first recorded receiver by situation", report.recorded)


def _of_the_protocol(report: Report) -> Iterator[str]:
    compared, agreed = report.compared.total(), report.agreed.total()
    yield "What the protocol says of those filed now"
    yield f"  through triage by the reported topic: {report.triage}"
    yield f"  without a province and routed all the same: {report.routed_without_place}"
    yield (
        f"  hand-offs kept as history: {report.hand_offs} ({report.stood_in_for} to bodies that "
        "are not in the directory)"
    )
    yield from _table("  first recipient by situation", report.asked)
    if compared:
        yield (
            f"  agreement of first recipient and first recorded receiver: {agreed} of {compared} "
            f"({agreed / compared:.1%}); the same agency: {report.same_agency}; asked at all, "
            f"first or later: {report.asked_at_all}"
        )
    for situation, total in report.compared.most_common():
        share = report.agreed[situation] / total
        yield f"    {situation}: {report.agreed[situation]} of {total} ({share:.1%})"
    yield from _table("  protocol's recipient and recorded body", report.confusion)


def _table(title: str, counter: Counter[tuple[str, str]]) -> Iterator[str]:
    yield title
    for row, columns in _nested(counter).items():
        for column, count in columns.items():
            shown = "no mandate in the directory" if column == UNLISTED else column
            yield f"    {row:<14} {shown:<54} {count:>5}"
