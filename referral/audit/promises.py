"""What an acceptance is answered with: its entry will stand under a signed checkpoint in a minute.

A signed note of the service's own key (never the log's, which the service does not have), so that
whoever was told "accepted" can prove later that it was not kept. The same entry gives the same
note, however often it is asked for. ``proof.check_promise`` checks it.
"""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from referral.audit import alarms, fixed_width
from referral.audit.key_files import SigningKey
from referral.audit.proof import PROMISE, leaf_hash

WITHIN: Final = timedelta(seconds=60)
ALARM: Final = "unkept"

_LATE: Final = """
SELECT count(*) AS late, min(at) AS oldest,
    EXISTS (SELECT FROM log.alarm a WHERE a.kind = $2 AND a.ended_at IS NULL) AS standing
FROM log.unkept WHERE at <= $1
"""


def promised(key: SigningKey, origin: str, entry: UUID, header: str) -> str:
    """The note: log, entry, its leaf hash, its moment, and by when it is signed."""
    at = datetime.fromisoformat(orjson.loads(header)["at"])
    leaf = base64.b64encode(leaf_hash(header.encode())).decode()
    told = (PROMISE, origin, str(entry), leaf, fixed_width(at), fixed_width(at + WITHIN))
    text = "".join(f"{line}\n" for line in told)
    return f"{text}\n{key.sign(text)}"


async def watch(connection: AsyncConnection, now: datetime) -> int:
    """How many promises are broken by now; while there are any, an alarm stands.

    ``connection``: as ``referral_worker``, in no transaction.
    """
    async with connection.begin():
        row: Any = (await connection.exec_driver_sql(_LATE, (now - WITHIN, ALARM))).one()
    late, oldest, standing = row
    if late:
        what = (
            f"{late} acceptances, the first of {fixed_width(oldest)}, are not under a signed "
            "checkpoint though 60 seconds were promised. Look whether sequencer and signer run."
        )
        await alarms.raise_(connection, ALARM, what, now)
    elif standing:
        await alarms.end(connection, [ALARM], now)
    return int(late)
