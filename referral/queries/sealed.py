"""Keys and words of G4 for whoever row security lets read them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from referral import errors
from referral.database import decoded
from referral.errors import Refusal
from referral.queries.lines import HandOffLine
from referral.session import ReadSession, keys_of
from referral.vault import SubjectKey

WITH_HER: Final = "Erased with the person it was about."


def words_of(key: SubjectKey, kept: bytes, *, room: str, column: str, row: UUID) -> str:
    """What was written, opened; of what was erased with one person of a case, that it was."""
    if not kept:
        return WITH_HER
    return key.open(kept, room=room, column=column, row=row).decode()


async def answers_to(
    session: ReadSession, line: HandOffLine
) -> tuple[tuple[str, datetime, str], ...]:
    """What the two parties wrote to each other: kind, when, words."""
    rows = (
        await session.connection.execute(
            text(
                "SELECT id, kind, written_at, content FROM referral.note "
                "WHERE hand_off_id = :id AND kind IN ('decline', 'feedback') ORDER BY written_at"
            ),
            {"id": line.id},
        )
    ).all()
    if not rows:
        return ()
    keys = await case_keys(session, line.case_id)
    key = keys[line.case_id]
    return tuple(
        (
            row.kind,
            row.written_at,
            key.open(row.content, room="note", column="content", row=row.id).decode(),
        )
        for row in rows
    )


async def erased_or_absent(session: ReadSession, wanted: UUID) -> Refusal:
    """Of a case or a hand-off nobody finds: that it was erased, to those who had a part in it."""
    asking = text("SELECT referral.gone_since(:id)::date")
    since = (await session.connection.execute(asking, {"id": wanted})).scalar()
    return errors.not_found() if since is None else errors.erased(since.isoformat())


async def docket_opened(session: ReadSession, line: HandOffLine, kept: bytes | None) -> str | None:
    """The own agency's number of this hand-off, if it gave one."""
    if kept is None:
        return None
    key = (await case_keys(session, line.case_id))[line.case_id]
    number: bytes = key.open(kept, room="docket", column="number", row=line.id)
    return number.decode()


async def case_keys(session: ReadSession, case_id: UUID) -> dict[UUID, Any]:
    """Keys of a case the actor's unit is party to, unwrapped."""
    rows = (
        await session.connection.execute(text("SELECT referral.keys_for(:id)"), {"id": case_id})
    ).scalar_one()
    return keys_of(session, decoded(rows))
