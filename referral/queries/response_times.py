"""How long answers take, by agency: over the hand-offs a supervisor's own unit sent or received.

Whoever still waits counts as waiting (Kaplan-Meier). Attested acts and imported history are counted
apart; what was entered in error is not counted; negative times are data errors and are reported,
never averaged in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from sqlalchemy import text

from referral.errors import Refusal
from referral.figures import SMALL, Measure
from referral.figures.cells import ENDED, ERROR, NOTHING, OPEN
from referral.figures.survival import Summary, steps, summaries
from referral.queries.inbox import refused_by_role
from referral.queries.oversight import MINE, OVERDUE
from referral.session import Actor, ReadSession

# As ``figure_cells`` does (in words: figures/durations.py); what is open has not happened after so long.
_OVER = "h.state IN ('rejected', 'completed', 'failed', 'cancelled')"
_FROM_TO: Final = {  # begun, done, what cannot be without it
    Measure.RECEIVED: ("h.requested_at", "h.received_at", "h.accepted_at"),
    Measure.ACCEPTED: ("h.received_at", "h.accepted_at", "h.first_contact_at"),
    Measure.CONTACT: ("h.accepted_at", "h.first_contact_at", "NULL"),
}
_SPANS = " ".join(
    f"CROSS JOIN LATERAL (SELECT referral.span_of({begun}, {done}, {later}, h.ended_at, {_OVER}, true)"
    f" AS span, {ENDED} - greatest(floor(date_part('epoch', :now - {begun})), 0)::bigint AS so_far)"
    f" m_{name}"
    for name, (begun, done, later) in _FROM_TO.items()
)
_TOLD = ", ".join(
    f"array_agg(CASE m_{name}.span WHEN {OPEN} THEN m_{name}.so_far ELSE m_{name}.span END)"
    f" FILTER (WHERE NOT h.attested AND m_{name}.span NOT IN ({NOTHING}, {ERROR})) AS m_{name}"
    for name in _FROM_TO
)
_WRONG = f"{ERROR} IN ({', '.join(f'm_{name}.span' for name in _FROM_TO)})"

# Proposed targets are nobody's failure: an agency is late by limits that have a number in law.
_TIMES = text(f"""
SELECT CASE WHEN a.confidential AND a.id <> :agency THEN h.mandate ELSE a.name END AS agency, count(*) AS asked,
    count(h.accepted_at) AS accepted, count(*) FILTER (WHERE h.state = 'rejected') AS declined,
    count(*) FILTER (WHERE h.state IN ('requested', 'received')) AS waiting,
    count(*) FILTER (WHERE {OVERDUE} AND EXISTS (SELECT FROM referral.clock k WHERE k.hand_off_id = h.id AND k.basis <> 'assumption'
        AND CASE WHEN num_nonnulls(k.stopped_at) = 1 THEN k.stopped_at > k.due_at ELSE k.state <> 'paused' AND k.due_at <= :now END)) AS overdue,
    count(*) FILTER (WHERE h.attested) AS attested, count(*) FILTER (WHERE NOT h.attested AND {_WRONG}) AS data_errors, {_TOLD}
FROM referral.hand_off h JOIN agencies.agency a ON a.id = h.receiver_agency {_SPANS}
WHERE {MINE} AND NOT h.imported AND h.in_error IS NOT TRUE AND h.kind <> 'notice'
GROUP BY 1 ORDER BY 1
""")
_COUNTED: Final = (
    *("agency", "asked", "accepted", "declined", "waiting", "overdue", "attested", "data_errors"),
)


@dataclass(frozen=True, slots=True)
class ResponseTimes:
    """One receiving agency: counts, and Kaplan-Meier estimates (None: not reached yet).

    ``overdue``: open ones past a limit of law or procedure. ``small``: fewer than SMALL accepted.
    """

    agency: str
    asked: int
    accepted: int
    declined: int
    waiting: int
    overdue: int
    attested: int
    data_errors: int
    to_received: timedelta | None
    median: timedelta | None  # received to accepted
    p90: timedelta | None
    to_contact: timedelta | None  # accepted to first contact with the person
    small: bool = True


async def response_times_in(
    session: ReadSession, actor: Actor, *, now: datetime
) -> tuple[ResponseTimes, ...] | Refusal:
    """Times by agency, over everything the unit ever sent or received."""
    refused = await refused_by_role(session, actor, "see_oversight", now)
    if refused is not None:
        return refused
    values = {"unit": actor.unit_id, "agency": actor.agency_id, "now": now}
    rows = (await session.connection.execute(_TIMES, values)).mappings().all()
    received, accepted, contact = (_estimated(rows, f"m_{name}") for name in _FROM_TO)
    finished = (sum(one >= 0 for one in row[f"m_{Measure.ACCEPTED}"] or ()) for row in rows)
    return tuple(
        ResponseTimes(
            **{name: row[name] for name in _COUNTED},
            to_received=_span(received.median[at]),
            median=_span(accepted.median[at]),
            p90=_span(accepted.ninth[at]),
            to_contact=_span(contact.median[at]),
            small=done < SMALL,
        )
        for at, (row, done) in enumerate(zip(rows, finished, strict=True))
    )


def _estimated(rows: Sequence[Any], name: str) -> Summary:
    """Of all agencies at once, packed as in ``figures.cells``: one by one costs five times as much."""
    told = [np.array(row[name] or (), np.int64) for row in rows]
    of = np.repeat(np.arange(len(rows)), np.array([one.size for one in told], np.int64))
    spans = np.concatenate([*told, np.zeros(0, np.int64)])
    seconds = np.where(spans >= 0, spans, ENDED - spans)
    return summaries(steps(of, seconds, spans >= 0), len(rows))


def _span(seconds: float) -> timedelta | None:
    return None if np.isnan(seconds) else timedelta(seconds=float(seconds))
