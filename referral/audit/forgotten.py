"""Which bodies of the log may be gone: those an erasure in the same stream accounts for.

The entry of an erasure is a header like any other, and is never erased. Of a case it takes every
body before it and its own; of one person those of the entries about her and her referrals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import asyncpg

_ERASURES: Final = """
SELECT e.stream_id::text, e.seq, CASE e.act WHEN 'person.erased' THEN e.object_id::text END AS person
FROM referral.audit_entry e WHERE e.act IN ('case.erased', 'person.erased') AND e.stream_id >= $1 AND e.stream_id <= $2
"""
_ABOUT: Final = """
WITH erased AS (SELECT e.object_id AS person FROM referral.audit_entry e WHERE e.act = 'person.erased'),
of_hers AS (SELECT r.id, r.person_id AS person FROM referral.referral r JOIN erased e ON e.person = r.person_id),
about AS (
    SELECT person AS id, person FROM erased UNION ALL SELECT id, person FROM of_hers
    UNION ALL SELECT x.id, o.person FROM of_hers o JOIN referral.hand_off x ON x.referral_id = o.id
    UNION ALL SELECT x.id, o.person FROM of_hers o JOIN referral.consent x ON x.referral_id = o.id
    UNION ALL SELECT x.id, o.person FROM of_hers o JOIN referral.attachment x ON x.referral_id = o.id
    UNION ALL SELECT x.id, o.person FROM of_hers o JOIN referral.panel_decision x ON x.referral_id = o.id
    UNION ALL SELECT x.id, e.person FROM erased e JOIN referral.screening_override x ON x.person_id = e.person)
SELECT id::text, person::text FROM about
"""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Up to which entry of a stream a body may be gone: (stream, None or the person) -> seq.

    ``about``: objects that are about a person who was erased -> that person.
    """

    until: Mapping[tuple[str, str | None], int]
    about: Mapping[str, str]

    @classmethod
    async def read(cls, connection: asyncpg.Connection, first: str, last: str) -> Self:
        """Of the streams with ids from ``first`` to ``last``."""
        rows = await connection.fetch(_ERASURES, first, last)
        about = await connection.fetch(_ABOUT) if rows else []
        return cls(
            {(row["stream_id"], row["person"]): row["seq"] for row in rows},
            {row["id"]: row["person"] for row in about},
        )

    def says_so(self, row: Mapping[str, Any]) -> bool:
        """Whether an erasure in this very stream, not before this entry, accounts for it."""
        stream, person = row["stream_id"], self.about.get(row["object_id"])
        ends = [self.until.get((stream, one), 0) for one in {None, person}]
        seq: int = row["seq"]
        return max(ends) >= seq
