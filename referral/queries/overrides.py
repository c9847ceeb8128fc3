"""Why a person recorded another result than the screening: words of the narrative (G4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from referral.session import ReadSession
from referral.vault import SubjectKey


async def overrides_of(
    session: ReadSession, case_id: UUID, keys: Mapping[UUID, SubjectKey]
) -> list[tuple[str, datetime, str]]:
    """Each override of a case in words: opened with the narrative, never alone."""
    rows = await session.connection.execute(
        text(
            "SELECT id, topic, engine, result, at, reason FROM referral.screening_override "
            "WHERE case_id = :id AND result <> 'erased' ORDER BY at, id"
        ),
        {"id": case_id},
    )

    def opened(row: Row[Any]) -> str:
        room = {"room": "screening_override", "column": "reason"}
        return keys[case_id].open(row.reason, **room, row=row.id).decode()

    return [
        (
            "override",
            row.at,
            f"{row.topic}: {row.engine} → {row.result}. {opened(row)}",
        )
        for row in rows
    ]
