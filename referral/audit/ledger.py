"""The deep part: a decision becomes rows, clocks, notices and log entries, sent in one call.

A ``Ledger`` collects what one act changes; ``post`` sends it to ``carry_out``. It cannot be posted
without a log entry, and SQL checks every move again. Nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import orjson
from uuid_utils.compat import uuid7

from referral import audit
from referral.audit import CLOCKWORK, Author, Draft, Head
from referral.database import scalar
from referral.session import Actor, WriteSession
from referral.vault import SubjectKey

# Acts on one case, a meeting, an operation, a glass, an excluded holder; evidence; what concerns no case.
Door = Literal[
    "carry_out",
    "convene",
    "operate",
    "break_glass",
    "remove_holder",
    "make_bundle",
    "log_system",
    "change_calendar",
    "publish",
    "erase",
]


@dataclass(slots=True)
class Ledger:
    """Everything one act changes in one case. Table names are those of ``carry_out``."""

    case_id: UUID | None
    at: datetime
    why: str
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    drafts: list[Draft] = field(default_factory=list)
    case_changes: dict[str, Any] = field(default_factory=dict)
    seen: int | None = None  # how many entered days a change of a calendar was decided on

    def add(self, table: str, **row: Any) -> None:
        """One row; what is None keeps its column empty."""
        self.rows.setdefault(table, []).append(row)

    def log(
        self,
        act: audit.Done,
        object_type: str,
        object_id: UUID | str | None,
        *,
        from_: str | None = None,
        to: str | None = None,
        occurred_at: datetime | None = None,
        **body: Any,
    ) -> None:
        """One entry about one thing. Codes and reasons go to the body, which can be erased."""
        self.drafts.append(
            Draft(
                act=act,
                object_type=object_type,
                object_id=UUID(str(object_id)) if object_id is not None else None,
                why=self.why,
                from_=from_,
                to=to,
                occurred_at=occurred_at,
                body={k: v for k, v in body.items() if v is not None},
            )
        )

    def mark(self, hand_off: UUID | str, **columns: Any) -> None:
        """Something is noted of a hand-off that moves no state: one row, an entry for each mark."""
        rows = self.rows.setdefault("marks", [])
        for row in rows:
            if row["id"] == str(hand_off):
                row["entries"] += 1
                row.update(columns)
                return
        rows.append({"id": str(hand_off), "entries": 1, **columns})

    def tell(
        self,
        kind: str,
        unit: UUID | str,
        hand_off: UUID | str | None,
        role: str | None = None,
        member: UUID | str | None = None,
    ) -> None:
        """A notice into the outbox: who, what kind, which hand-off; never any content."""
        self.add(
            "outbox",
            id=str(uuid7()),
            kind=kind,
            hand_off_id=str(hand_off) if hand_off is not None else None,
            to_unit=str(unit),
            to_role=role,
            to_member=str(member) if member else None,
            occurred_at=self.at.isoformat(),
        )

    def change_referral(self, referral_id: UUID, **changes: Any) -> None:
        """What the referral's row says of itself: one entry, however much changes."""
        row = self._referral_row(referral_id)
        if "amended" not in row:
            row["amended"] = True
            row["entries"] += 1
            self.log(audit.Done.REFERRAL_AMENDED, "referral", referral_id, to="open")
        row.update({name: value for name, value in changes.items() if value is not None})

    def lapse_referral(self, referral_id: UUID, occurred_at: datetime, called: list[str]) -> None:
        """A limit of the referral itself has passed."""
        act = audit.Done.REFERRAL_CLOCK_LAPSED
        self.touch_referral(act, referral_id, occurred_at, called=called)

    def touch_referral(
        self, act: audit.Done, referral_id: UUID, occurred_at: datetime, **body: Any
    ) -> None:
        """Something befell a limit of the referral itself: one entry, nothing in its row."""
        self._referral_row(referral_id)["entries"] += 1
        self.log(act, "referral", referral_id, occurred_at=occurred_at, **body)

    def _referral_row(self, referral_id: UUID) -> dict[str, Any]:
        rows = self.rows.setdefault("referral_changes", [])
        found = next((row for row in reversed(rows) if row["id"] == str(referral_id)), None)
        if found is None:
            found = {"id": str(referral_id), "entries": 0}
            rows.append(found)
        return found

    def warn(self, code: str, **about: Any) -> None:
        """Something the people on the case must see; it stays with the case."""
        self.case_changes.setdefault("warnings", []).append({"code": code, **about})

    def note(
        self, key: SubjectKey, kind: str, text: str, actor: Actor, hand_off: UUID | None = None
    ) -> UUID:
        """G4: sealed under the case's key. Returns the note's id, for the log."""
        note_id = uuid4()
        self.add(
            "notes",
            id=str(note_id),
            case_id=str(self.case_id),
            person_id=None,
            hand_off_id=str(hand_off) if hand_off else None,
            country=actor.country,
            kind=kind,
            written_at=self.at.isoformat(),
            by_unit=str(actor.unit_id),
            by_member=str(actor.id),
            key_version=key.version,
            content=sealed(key, text.encode(), room="note", column="content", row=note_id),
        )
        return note_id


def sealed(key: SubjectKey, clear: bytes, *, room: str, column: str, row: UUID) -> str:
    r"""Sealed bytes as PostgreSQL reads them from JSON (``\x…``)."""
    return "\\x" + key.seal(clear, room=room, column=column, row=row).hex()


def docket_sealed(key: SubjectKey, hand_off: UUID, number: str) -> dict[str, Any]:
    """An agency's own number of a hand-off, under the case's key; read beside the hand-off only."""
    kept = sealed(key, number.encode(), room="docket", column="number", row=hand_off)
    return {"key_version": key.version, "number": kept}


def author_of(actor: Actor | Author | None) -> Author:
    """Who stands in the log: the membership's opaque id, or (None) the clockwork."""
    if isinstance(actor, Author):
        return actor
    if actor is None:
        return CLOCKWORK
    return Author(str(actor.id), actor.agency_id)


def entries_of(
    ledger: Ledger, actor: Actor | Author | None, head: Head, key: SubjectKey
) -> list[dict[str, Any]]:
    """What it logs, in its place after the head and sealed."""
    return audit.append(head, key, ledger.drafts, author=author_of(actor), at=ledger.at)[0]


async def post(
    session: WriteSession,
    ledger: Ledger,
    *,
    actor: Actor | Author | None,
    head: Head,
    key: SubjectKey,
    answer: Mapping[str, Any] | None = None,
    status: int = 200,
    through: Door = "carry_out",
) -> list[dict[str, Any]]:
    """Send the ledger: one call, one transaction, all or nothing. Returns its entries as sent.

    ``answer`` (ids and states only) is stored under the idempotency key, if the call has one.
    """
    entries = entries_of(ledger, actor, head, key)
    payload: dict[str, Any] = {**ledger.rows, "entries": entries}
    if ledger.case_id is not None:
        payload["case_id"] = str(ledger.case_id)
    if ledger.seen is not None:
        payload["seen"] = ledger.seen
    if ledger.case_changes:
        payload["case_changes"] = ledger.case_changes
    if session.claim is not None and answer is not None:
        payload["idempotency"] = {
            "key_hash": session.claim.key_hash.hex(),
            "request_hash": session.claim.request_hash.hex(),
            "status": status,
            "answer": answer,
            "created_at": ledger.at,
        }
    await scalar(
        session.connection,
        f"SELECT referral.{through}($1::jsonb)",
        orjson.dumps(payload).decode(),
    )
    return entries
