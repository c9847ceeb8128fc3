"""Epochs and witnesses as they stand in their tables, held against what the log tells of them.

What the operator enters is told in the log with an id that follows from every word of it, so that a
row that was changed, added or taken away no longer fits its entry. Read without any key; the word of
custodians is checked by whoever brings their keys. The first epoch has no entry: nobody was there
yet to be told, and its key is proved by what it signed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from referral.audit import Done, openings, statements
from referral.audit.checkpoints import Epoch
from referral.audit.findings import Findings
from referral.audit.proof import Key, Note, ProofError
from referral.audit.statements import Statement

_EPOCHS: Final = """
SELECT epoch AS number, origin, signer, entry_id, kept, statement, opening, opened_at,
    (SELECT p.entry_id FROM log.position p WHERE p.epoch = e.epoch AND p.position = 0) AS first
FROM log.epoch e ORDER BY epoch
"""
_WITNESSES: Final = (
    "SELECT name, key, independent, agency_id, enrolled_at, ended_at FROM log.witness ORDER BY name"
)
# Only the operator opens and enrols; each country's stream tells it.
_TOLD: Final = """
SELECT id, header, act, object_id FROM referral.audit_entry
WHERE act = ANY ($1) AND actor = 'operator' ORDER BY at, id
"""
_ACTS: Final = (Done.EPOCH_OPENED, Done.WITNESS_ENROLLED, Done.WITNESS_DISMISSED)


def id_of(*words: object) -> UUID:
    """The id under which the log tells of something whose every word counts: part of their hash."""
    told = orjson.dumps([None if one is None else str(one) for one in words])
    return UUID(bytes=hashlib.sha256(b"referral/declared/v1\x00" + told).digest()[:16])


def epoch_id(statement: str) -> UUID:
    """Of an epoch: the statement, with who signed it."""
    return id_of("epoch", statement)


def witness_id(name: str, key: str, agency: UUID | None, *, independent: bool) -> UUID:
    """Of a witness, enrolled or dismissed."""
    return id_of("witness", name, key, agency, independent)


async def check_declared(
    connection: asyncpg.Connection, findings: Findings, custodians: Sequence[Key]
) -> None:
    """Every epoch and every witness has its entry, every entry its row, and they say the same."""
    told = await connection.fetch(_TOLD, list(_ACTS))
    for place, what in (
        *_epochs(await connection.fetch(_EPOCHS), told, custodians),
        *_witnesses(await connection.fetch(_WITNESSES), told),
    ):
        findings.found(place, what)


def _by_id(told: Sequence[Any], act: Done) -> dict[UUID | None, datetime | None]:
    """When each happened, by the id of what it is about."""
    return {row["object_id"]: _moment(row["header"]) for row in told if row["act"] == act}


def _moment(header: str) -> datetime | None:
    """When it happened, as its entry says; None from a header somebody has broken."""
    try:
        return datetime.fromisoformat(orjson.loads(header)["occurred_at"])
    except (ValueError, TypeError, LookupError):
        return None


def _epochs(
    rows: Sequence[Any], told: Sequence[Any], custodians: Sequence[Key]
) -> Iterator[tuple[str, str]]:
    entries = {row["id"]: row for row in told if row["act"] == Done.EPOCH_OPENED}
    opened = _by_id(told, Done.EPOCH_OPENED)
    numbers = {row["number"] for row in rows}
    for missing in sorted({*range(1, max(numbers, default=0))} - numbers):
        yield f"epoch {missing}", "it is not here, and a later one is"
    for row in rows:
        if row["statement"] is None:
            continue
        opened.pop(epoch_id(row["statement"]), None)
        for what in _epoch(row, entries.get(row["entry_id"]), custodians):
            yield f"epoch {row['number']}", what
    for at in opened.values():
        yield "epoch", f"the log tells that one was opened at {at}, and it is not here as it was"


def _epoch(
    row: Mapping[str, Any], entry: Mapping[str, Any] | None, custodians: Sequence[Key]
) -> Iterator[str]:
    """What is wrong with a later epoch and the entry that opened it."""
    if entry is None:
        yield "the log does not tell that it was opened: it was put in by hand"
        return
    if entry["object_id"] != epoch_id(row["statement"]):
        yield "its statement is not the one the log tells of: the words or a signature were changed"
    if (entry["header"], _moment(entry["header"])) != (row["opening"], row["opened_at"]):
        yield "it names another entry, or another moment, than the one that opened it"
    if row["first"] not in {None, row["entry_id"]}:
        yield "its tree does not begin with the entry that opened it"
    epoch = Epoch(**{name: row[name] for name in Epoch.__slots__})
    try:
        if custodians:
            said = statements.into(epoch, custodians, None)
        else:
            said = Statement.read(Note.read(row["statement"]).text)
        if (said.to, said.signer, said.kept.size) != (epoch.origin, epoch.signer, epoch.kept):
            yield "its statement speaks of another name, key or size"
        elif not openings.opens(entry["header"], epoch, said):
            yield "the entry that opened it says another thing than its statement"
    except ProofError as problem:
        yield f"its statement: {problem}"


def _witnesses(rows: Sequence[Any], told: Sequence[Any]) -> Iterator[tuple[str, str]]:
    enrolled = _by_id(told, Done.WITNESS_ENROLLED)
    dismissed = _by_id(told, Done.WITNESS_DISMISSED)
    for row in rows:
        place = f"witness {row['name']}"
        its = witness_id(row["name"], row["key"], row["agency_id"], independent=row["independent"])
        if its not in enrolled:
            yield place, "the log does not tell that it was enrolled so: put in by hand, or changed"
        elif (began := enrolled.pop(its)) != row["enrolled_at"]:
            yield place, f"it was enrolled at {began}, and its row says {row['enrolled_at']}"
        if (ended := dismissed.pop(its, None)) != row["ended_at"]:
            yield place, f"it was dismissed at {ended}, and its row says {row['ended_at']}"
    for at in enrolled.values():
        yield (
            "witness",
            f"the log tells that one was enrolled at {at}, and it is not here as it was",
        )
    for at in dismissed.values():
        yield "witness", f"the log tells that one was dismissed at {at}, and no row says so"
