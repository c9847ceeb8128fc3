"""The import of one year of line 145: every row is filed, was filed before, or is refused aloud.

One complaint is one transaction: a bad one loses nobody else's. Run again, nothing is filed twice.
What this file must never know: what a label means, and how a case is kept.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from referral.casework import Imported, file_history, filed_before
from referral.entry import Installation
from referral.errors import Refusal
from referral.intake.acting import Member, NotAMember, at_work
from referral.intake.layout import linea145
from referral.intake.linea145 import Complaint, Reader
from referral.intake.report import Report
from referral.intake.table import BadRow, Row, Table, read_table

Progress = Callable[[int, int], None]
"""Told (complaints looked at, complaints in all)."""

_AT_ONCE = 3
_ASKED_AT_ONCE = 1_000
_MOST_FAULTS = 5  # in a row: then it is not the rows that are at fault


async def import_linea145(
    installation: Installation,
    member: str,
    complaints: Path,
    persons: Path | None = None,
    *,
    progress: Progress | None = None,
) -> Report:
    """File every complaint of the file as this member (user name) of the hotline.

    Raises TableFault when a file cannot be read at all, NotAMember when nobody may file it, and
    whatever keeps the database from answering. Rows that are refused are in the report.
    """
    layout = linea145()
    zone = ZoneInfo(installation.catalogue.country(layout.country).time_zone)
    reader, report = Reader(layout, zone), Report(layout.name, zone)
    sheet = _Sheet(reader, report)
    sheet.take_persons(read_table(persons, layout.persons) if persons else None)
    sheet.take_complaints(read_table(complaints, layout.complaints))
    started = time.perf_counter()
    async with at_work(installation, member, layout.country, layout.mandate) as working:
        await _Import(working, sheet, report, progress).run()
    report.seconds = time.perf_counter() - started
    report.unknown_labels = dict(sorted(reader.unknown.items()))
    return report


@dataclass(slots=True)
class _Sheet:
    """Both files as they are read: complaints in their order, persons by complaint."""

    reader: Reader
    report: Report
    rows: list[Row] = field(default_factory=list)
    persons: dict[str, list[Row]] = field(default_factory=dict)

    def take_persons(self, table: Table | None) -> None:
        """Persons whose role nobody knows are refused: they might be accused or concerned."""
        for row in table.rows if table else ():
            self.report.persons_read += 1
            if isinstance(row, BadRow):
                self.report.refused_persons.append(row)
            elif self.reader.role_of(row) is None:
                reason = f"“{row.cell('referido_tipo')}” is no role we know; see the layout's list."
                bad = BadRow(row.line, row.cell("caso_id"), "role", reason)
                self.report.refused_persons.append(bad)
            else:
                self.persons.setdefault(row.cell("caso_id"), []).append(row)

    def take_complaints(self, table: Table) -> None:
        """A number that comes twice is refused the second time; nobody's persons are left over."""
        self.report.columns_not_known, self.report.columns_missing = table.unknown, table.missing
        lines: dict[str, int] = {}
        for row in table.rows:
            self.report.read += 1
            if isinstance(row, BadRow):
                self.report.refused.append(row)
                continue
            number = row.cell("caso_id")
            if number and number in lines:
                reason = f"The same number stands in line {lines[number]}; one of them is wrong."
                self.report.refused.append(BadRow(row.line, number, "twice", reason))
                continue
            lines[number] = row.line
            self.rows.append(row)
        for number in sorted(self.persons.keys() - lines.keys()):
            for row in self.persons.pop(number):
                reason = "There is no complaint of this number in the file of complaints."
                self.report.refused_persons.append(BadRow(row.line, number, "complaint", reason))

    def read(self, row: Row) -> Complaint | BadRow:
        """A complaint with its persons."""
        return self.reader.read(row, self.persons.get(row.cell("caso_id"), ()))


@dataclass(slots=True)
class _Import:
    """One import under way: several complaints at once, so that nobody waits for one commit."""

    member: Member
    sheet: _Sheet
    report: Report
    progress: Progress | None
    known: frozenset[UUID] = frozenset()
    looked_at: int = 0
    faults: int = 0  # in a row

    async def run(self) -> None:
        """Every row; what stops one hand stops all of them."""
        self.known = await _known(self.member, self.sheet)
        rows = iter(self.sheet.rows)
        try:
            async with asyncio.TaskGroup() as hands:
                for _ in range(_AT_ONCE):
                    hands.create_task(self._take(rows))
        except ExceptionGroup as stopped:
            raise stopped.exceptions[0] from None

    async def _take(self, rows: Iterator[Row]) -> None:
        for row in rows:
            complaint = self.sheet.read(row)
            if isinstance(complaint, BadRow):
                self._refuse(complaint)
            else:
                self.report.look_at(complaint, self.member.installation.clock())
                if complaint.intake.client_id in self.known:
                    self.report.filed_before(complaint)
                else:
                    await self._file(complaint)
            self.looked_at += 1
            if self.progress is not None:
                self.progress(self.looked_at, len(self.sheet.rows))

    async def _file(self, complaint: Complaint) -> None:
        """File one. A fault of ours refuses its row and no other, unless they come in a row."""
        try:
            answer, now = await _filed(self.member, complaint)
        except NotAMember:
            raise
        except Exception as fault:
            self.faults += 1
            if self.faults >= _MOST_FAULTS:
                raise
            reason = f"A fault of ours ({type(fault).__name__}): import again to repeat it."
            self._refuse(BadRow(complaint.line, complaint.number, "fault", reason))
            return
        self.faults = 0
        if isinstance(answer, Refusal):
            told = [str(one["message"]) for one in answer.extra.get("errors", ())]
            reason = " ".join(told or [answer.detail])
            self._refuse(BadRow(complaint.line, complaint.number, answer.type, reason))
        else:
            self.report.filed_now(complaint, answer, now)

    def _refuse(self, bad: BadRow) -> None:
        self.report.refuse(bad, self.sheet.persons.get(bad.number, ()))


async def _filed(member: Member, complaint: Complaint) -> tuple[Imported | Refusal, datetime]:
    async with member.turn() as (session, actor, now):
        answer = await file_history(
            session,
            actor,
            complaint.intake,
            complaint.recorded,
            number=complaint.number,
            now=now,
            warnings=complaint.warnings,
        )
        return answer, now


async def _known(member: Member, sheet: _Sheet) -> frozenset[UUID]:
    """Which of these complaints were filed by an earlier import."""
    wanted = [sheet.reader.client_id(row.cell("caso_id")) for row in sheet.rows]
    found: frozenset[UUID] = frozenset()
    for start in range(0, len(wanted), _ASKED_AT_ONCE):
        async with member.turn() as (session, actor, _):
            part = wanted[start : start + _ASKED_AT_ONCE]
            found |= await filed_before(session, actor, part)
    return found
