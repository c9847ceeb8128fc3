"""What an operator does to the log itself is told in it, in the system's stream of each country.

``connection`` is that of ``referral_migrator``, in a transaction.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from referral.audit import OPERATOR, Done
from referral.audit.streams import log_system
from referral.session import WriteSession

_COUNTRIES: Final = "SELECT DISTINCT country FROM agencies.agency ORDER BY 1"
_BEGIN: Final = "SELECT referral.begin_operator($1)"
_TOLD: Final = "SELECT id, header FROM referral.audit_entry WHERE xid = pg_current_xact_id() AND act = $1 ORDER BY seq DESC LIMIT 1"


class Announced(NamedTuple):
    """An entry as it stands."""

    id: UUID
    header: str


class NobodyError(Exception):
    """No country has an agency yet: nobody is there to be told."""


async def announce(
    session: WriteSession,
    act: Done,
    *,
    about: tuple[str, UUID],
    now: datetime,
    from_: str | None = None,
    to: str | None = None,
    **body: Any,
) -> Announced:
    """One entry in each country, of one wording; the first of them. Raises NobodyError."""
    connection, first = session.connection, None
    rows = (await connection.exec_driver_sql(_COUNTRIES)).all()
    for row in rows:
        await connection.exec_driver_sql(_BEGIN, (row.country,))
        await log_system(
            session,
            act,
            by=OPERATOR,
            about=about,
            now=now,
            from_=from_,
            to=to,
            occurred_at=now,
            **body,
        )
        told = (await connection.exec_driver_sql(_TOLD, (act.value,))).one()
        first = first or told
    if first is None:
        raise NobodyError("No agency is entered yet, so no country keeps a log: enter one first.")
    return Announced(first.id, first.header)
