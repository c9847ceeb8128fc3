"""The log as people read it: a case's custody timeline, and headers for auditors. Never a body."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import text

from referral import access, errors
from referral.access.relationships import Relationship, relationships_of
from referral.audit import Done
from referral.audit.streams import witness
from referral.errors import Refusal
from referral.queries.sealed import erased_or_absent
from referral.session import Actor, ReadSession, Role

_LINES = text("""
SELECT e.seq, e.at, e.act, e.actor, e.object_type, e.object_id, e.header, e.hash,
    h.step, h.mandate, h.kind, h.track, h.protocol_version, h.protocol_digest,
    CASE WHEN a.confidential AND a.id <> :agency THEN NULL ELSE a.name END AS agency,
    CASE WHEN ra.confidential AND ra.id <> :agency THEN NULL ELSE ra.name END AS receiver,
    CASE WHEN ha.confidential AND ha.id <> :agency THEN NULL ELSE ha.name END AS holder
FROM referral.stream_head s JOIN referral.audit_entry e ON e.stream_id = s.stream_id
    LEFT JOIN agencies.agency a ON a.id = e.agency_id
    LEFT JOIN referral.hand_off h ON h.id = e.object_id
    LEFT JOIN agencies.unit ru ON ru.id = h.receiver_unit LEFT JOIN agencies.agency ra ON ra.id = ru.agency_id
    LEFT JOIN agencies.unit hu ON hu.id = CASE
        WHEN e.act IN ('referral.opened', 'referral.custody_moved') THEN (e.header::jsonb ->> 'to')::uuid END
    LEFT JOIN agencies.agency ha ON ha.id = hu.agency_id
WHERE s.subject = :id AND s.kind = 'case' ORDER BY e.seq
""")


# Row security shows the events of a case to whoever reads its routing (G0), all of them or none.
_EVENTS = text("""
SELECT v.event, v.occurred_at, r.track, r.protocol_version, r.protocol_digest
FROM referral.event v JOIN referral.referral r ON r.id = v.referral_id
WHERE v.case_id = :id ORDER BY v.recorded_at, v.event <> 'filing', v.event NOT LIKE '% held', v.event
""")


_ERASED: Final = "erased"  # what an erasure leaves of an event's name
NOTHING: Final = (None, None)
_AUDITING = frozenset({Role.AUDITOR, Role.DATA_PROTECTION_OFFICER})
# From and to are units, persons of one, or another case that not everybody here knows of.
_HOLDING = frozenset(
    {"referral.opened", "referral.custody_moved", "referral.reassigned", "case.merged"}
)


class Under(NamedTuple):
    """The version a line stands under."""

    track: str
    protocol_version: str
    protocol_digest: str


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """One thing that happened: when it was recorded, when it happened, who, what, to which hand-off.

    ``event``: which one was recorded, as the protocol names it; only to whom it is open. ``under``:
    where the words for it and for the step stand.
    """

    seq: int
    at: datetime
    occurred_at: datetime | None
    act: str
    agency: str | None  # None: the clockwork, or a confidential agency
    by_clock: bool
    object_type: str
    object_id: UUID | None
    step: str | None
    kind: str | None
    mandate: str | None
    receiver: str | None
    from_: str | None
    to: str | None
    previous_hash: str
    hash: str  # SHA-256 of the header
    header: str | None  # canonical JSON, what is hashed: for auditors (it names agencies by id)
    warning: str | None = None
    event: str | None = None
    under: Under | None = None


async def timeline_of(
    session: ReadSession, actor: Actor, case_id: UUID, *, now: datetime
) -> tuple[TimelineLine, ...] | Refusal:
    """The custody timeline: order is that of recording; a time out of order carries a warning."""
    parties = await access.standing_in(session, case_id, now)
    relationships = relationships_of(actor, parties, holder_member=None)
    resource = access.Resource.of(relationships, parties)
    decision = access.decide(actor, "see_timeline", resource, access.NOTHING_SHOWN)
    if not decision.allow and access.by_role(actor, "read_log") is not None:
        return await erased_or_absent(session, case_id)
    if Relationship.BREAK_GLASS in relationships:
        await witness(session, actor, case_id, ["G0"], why="break_glass", now=now)
    return await _entries_of(session, actor, case_id)


async def _entries_of(
    session: ReadSession, actor: Actor, case_id: UUID
) -> tuple[TimelineLine, ...] | Refusal:
    """Headers of a case's stream, as row security shows them."""
    rows = (
        await session.connection.execute(_LINES, {"id": case_id, "agency": actor.agency_id})
    ).mappings()
    events = await _events_of(session, case_id)
    lines: list[TimelineLine] = []
    latest: datetime | None = None
    intake: datetime | None = None
    for row in rows:
        header = orjson.loads(row["header"])
        told = header["occurred_at"]
        occurred = datetime.fromisoformat(told) if told else None
        recorded = row["act"] == Done.EVENT_RECORDED and occurred in events
        event, under = next(events[occurred], NOTHING) if recorded else NOTHING
        if row["track"]:
            under = Under(row["track"], row["protocol_version"], row["protocol_digest"])
        intake = occurred if row["act"] == "case.imported" else intake
        warning = _warning(row["act"], occurred, latest, intake)
        if occurred is not None and row["act"] != "case.filed":
            latest = max(latest, occurred) if latest else occurred
        elif row["act"] in {"case.filed", "case.imported"}:
            latest = occurred or row["at"]
        lines.append(
            TimelineLine(
                seq=row["seq"],
                at=row["at"],
                occurred_at=occurred,
                act=row["act"],
                agency=row["agency"],
                by_clock=row["actor"] == "clockwork",
                object_type=row["object_type"],
                object_id=row["object_id"],
                step=row["step"],
                kind=row["kind"],
                mandate=row["mandate"],
                receiver=row["receiver"] or row["holder"],
                from_=None if row["act"] in _HOLDING else header["from"],
                to=None if row["act"] in _HOLDING else header["to"],
                previous_hash=header["prev"],
                hash=row["hash"].hex(),
                header=row["header"] if actor.role in _AUDITING else None,
                warning=warning,
                event=event,
                under=under,
            )
        )
    return tuple(lines) if lines else errors.not_found()


async def _events_of(
    session: ReadSession, case_id: UUID
) -> dict[datetime | None, Iterator[tuple[str | None, Under | None]]]:
    """By when it happened, in the order of recording: an entry itself does not say which it was."""
    found: dict[datetime | None, list[tuple[str | None, Under | None]]] = defaultdict(list)
    for row in await session.connection.execute(_EVENTS, {"id": case_id}):
        name = None if row.event == _ERASED else row.event
        under = Under(row.track, row.protocol_version, row.protocol_digest)
        found[row.occurred_at].append((name, under))
    return {moment: iter(told) for moment, told in found.items()}


def _warning(
    act: str, occurred: datetime | None, latest: datetime | None, intake: datetime | None
) -> str | None:
    if occurred is None or latest is None or occurred >= latest or not act.startswith("hand_off"):
        return None
    return "before-intake" if intake is not None and occurred < intake else "out-of-order"
