"""Is the log what it was, and does it say what happened? Read-only, and without any key.

Two questions. *Chain*: every stream is dense, each header hashes to its hash, names the hash before
it, agrees with its columns and its stream, and ends where the stream's head says; every body is the
ciphertext its header names. *Reconciliation*: every effect has its entry and every entry its effect,
in both directions, so that a tail cut off together with its head still shows in the effects; and who
may see what follows from the effects alone. A history rewritten from end to end, effects included, is
beyond this, and so is the cut tail of a member's own stream: that takes witnesses outside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from referral.audit import GENESIS, VERSION, fixed_width

_BATCH = 2_000

_COUNT = "SELECT count(*) FROM referral.audit_entry"

_ENTRIES = """
SELECT e.id, e.stream_id, e.seq, e.country, e.header, e.hash, e.at, e.act, e.actor, e.agency_id,
    e.object_type, e.object_id, b.content, b.entry_id AS body_id, b.subject, b.country AS body_country
FROM referral.audit_entry e LEFT JOIN referral.audit_body b ON b.entry_id = e.id
ORDER BY e.stream_id, e.seq
"""

# Whose bodies an erasure has taken: by stream, up to its own entry; of one person those about her.
_ERASURES = """
SELECT e.stream_id, e.seq, CASE e.act WHEN 'person.erased' THEN e.object_id END AS person
FROM referral.audit_entry e WHERE e.act IN ('case.erased', 'person.erased')
"""
_ABOUT = """
WITH erased AS (SELECT e.object_id AS person FROM referral.audit_entry e WHERE e.act = 'person.erased'),
of_hers AS (SELECT r.id, r.person_id FROM referral.referral r JOIN erased e ON e.person = r.person_id)
SELECT person AS object, person FROM erased UNION ALL SELECT id, person_id FROM of_hers
UNION ALL SELECT x.id, o.person_id FROM of_hers o JOIN referral.hand_off x ON x.referral_id = o.id
UNION ALL SELECT x.id, o.person_id FROM of_hers o JOIN referral.consent x ON x.referral_id = o.id
UNION ALL SELECT x.id, o.person_id FROM of_hers o JOIN referral.attachment x ON x.referral_id = o.id
UNION ALL SELECT x.id, o.person_id FROM of_hers o JOIN referral.panel_decision x ON x.referral_id = o.id
UNION ALL SELECT x.id, e.person FROM erased e JOIN referral.screening_override x ON x.person_id = e.person
"""

_HEADS = "SELECT stream_id, kind, subject, country, seq, hash FROM referral.stream_head"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, and what it means."""

    where: str
    what: str


@dataclass(slots=True)
class Findings:
    """What was read and what was found; no problems means that both questions are answered yes."""

    entries: int = 0
    streams: int = 0
    effects: int = 0
    problems: list[Problem] = field(default_factory=list)

    def found(self, where: str, what: str) -> None:
        """Write one problem down."""
        self.problems.append(Problem(where, what))


async def verify(url: str, progress: Callable[[int, int], None] | None = None) -> Findings:
    """Verify everything in one snapshot. ``url``: as ``referral_auditor_ro`` (or stronger).

    ``progress`` is told (entries read, entries in all). Raises OSError when nothing answers.
    """
    connection = await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            findings = Findings()
            await _chains(connection, findings, progress)
            await _reconcile(connection, findings)
            return findings
    finally:
        await connection.close()


@dataclass(slots=True)
class _Stream:
    """Where the walk along one stream stands."""

    stream_id: UUID | None = None
    seq: int = 0
    hash: str = GENESIS
    at: str = ""


async def _chains(
    connection: asyncpg.Connection,
    findings: Findings,
    progress: Callable[[int, int], None] | None,
) -> None:
    total = await connection.fetchval(_COUNT)
    heads = {row["stream_id"]: row for row in await connection.fetch(_HEADS)}
    forgotten = await _forgotten(connection)
    findings.streams = len(heads)
    walk = _Stream()
    ended: dict[UUID, tuple[int, str]] = {}
    async for row in connection.cursor(_ENTRIES, prefetch=_BATCH):
        if row["stream_id"] != walk.stream_id:
            walk = _Stream(row["stream_id"])
            if row["stream_id"] not in heads:
                findings.found(f"stream {row['stream_id']}", "entries of a stream without a head")
        _entry(row, walk, findings, forgotten)
        _belongs(row, heads.get(row["stream_id"]), findings)
        ended[row["stream_id"]] = (walk.seq, walk.hash)
        findings.entries += 1
        if progress is not None and findings.entries % _BATCH == 0:
            progress(findings.entries, total)
    for stream_id, head in heads.items():
        if (head["seq"], head["hash"].hex()) != ended.get(stream_id, (0, GENESIS)):
            findings.found(
                f"stream {stream_id}",
                f"its head says {head['seq']} entries, its entries end otherwise: the tail was cut "
                "or something was appended past the service",
            )
    if progress is not None:
        progress(findings.entries, total)


@dataclass(frozen=True, slots=True)
class _Forgotten:
    """Up to which entry of a stream a body may be gone: (stream, None or the person) -> seq."""

    until: dict[tuple[UUID, UUID | None], int]
    about: dict[UUID, UUID]  # what is about a person who was erased: object -> person

    def says_so(self, row: Any) -> bool:
        """Whether an erasure in this very stream, not before this entry, accounts for it."""
        person = self.about.get(row["object_id"])
        ends = [self.until.get((row["stream_id"], one), 0) for one in {None, person}]
        seq: int = row["seq"]
        return max(ends) >= seq


async def _forgotten(connection: asyncpg.Connection) -> _Forgotten:
    rows = await connection.fetch(_ERASURES)
    about = await connection.fetch(_ABOUT) if rows else []
    return _Forgotten(
        {(row["stream_id"], row["person"]): row["seq"] for row in rows},
        {row["object"]: row["person"] for row in about},
    )


def _entry(row: Any, walk: _Stream, findings: Findings, forgotten: _Forgotten) -> None:
    where = f"stream {row['stream_id']}, entry {row['seq']}"
    if row["seq"] != walk.seq + 1:
        findings.found(where, f"entry {walk.seq + 1} is missing or was moved")
    digest = hashlib.sha256(row["header"].encode()).digest()
    if digest != row["hash"]:
        findings.found(where, "the header was changed: it does not hash to its hash")
    header = _header(row["header"])
    if not header:
        findings.found(where, "the header is no header")
    if header.get("prev") != walk.hash:
        findings.found(where, "it does not follow the entry before it")
    if wrong := sorted(name for name, value in _columns(row).items() if header.get(name) != value):
        findings.found(where, f"columns disagree with the header: {', '.join(wrong)}")
    if str(header.get("at", "")) < walk.at:
        findings.found(where, "it claims to be older than the entry before it")
    if row["body_id"] is None:
        if not forgotten.says_so(row):
            findings.found(where, "its body is gone, and no erasure says so")
    elif hashlib.sha256(row["content"]).hexdigest() != header.get("body_sealed"):
        findings.found(where, "its body was changed")
    walk.seq, walk.hash, walk.at = row["seq"], row["hash"].hex(), str(header.get("at", ""))


def _header(text: str) -> dict[str, Any]:
    """The header as it was told; empty when somebody made it something else."""
    try:
        header = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return header if isinstance(header, dict) else {}


def _belongs(row: Any, head: Any, findings: Findings) -> None:
    """What no header says: whose stream this is, in which country, and whose key opens a body.

    An entry moved to another country would be hidden from those who watch over this one.
    """
    if head is None:
        return
    where = f"stream {row['stream_id']}, entry {row['seq']}"
    if row["country"] != head["country"]:
        findings.found(where, "it stands in another country than its stream")
    if head["kind"] == "member" and row["actor"] != str(head["subject"]):
        findings.found(where, "it is in the own stream of somebody else")
    if row["body_id"] is None:
        return
    if (row["subject"], row["body_country"]) != (head["subject"], head["country"]):
        findings.found(where, "its body stands under another subject or country")


def _columns(row: Any) -> dict[str, Any]:
    """What the columns say, in the header's form: an index must not tell another story."""
    return {
        "v": VERSION,
        "id": str(row["id"]),
        "stream": str(row["stream_id"]),
        "seq": row["seq"],
        "at": fixed_width(row["at"]),
        "act": row["act"],
        "actor": row["actor"],
        "agency": str(row["agency_id"]) if row["agency_id"] else None,
        "object_type": row["object_type"],
        "object": str(row["object_id"]) if row["object_id"] else None,
    }


# Each row is one effect that disagrees with the log. ``refused`` entries are about an object but
# change nothing, so they are not counted against its version. The header is read as text: one that
# was made unreadable is a finding of the chain, and must not keep this question from being asked.
_DISAGREEMENTS = r"""
WITH entry AS (
    SELECT object_type, object_id, seq, act, substring(header from '"to":"([^"]*)"') AS stands
    FROM referral.audit_entry WHERE act <> 'act.refused' AND act <> 'case.read'
), told AS (
    SELECT object_type, object_id, count(*) AS entries,
        (array_agg(stands ORDER BY seq DESC) FILTER (WHERE stands IS NOT NULL))[1] AS stands,
        (array_agg(stands ORDER BY seq DESC) FILTER (WHERE act IN ('referral.opened', 'referral.custody_moved')))[1] AS custody,
        bool_or(act = 'referral.closed') AS closed
    FROM entry GROUP BY object_type, object_id
)
SELECT 'hand-off ' || h.id AS place, 'it stands at ' || h.state || ' (version ' || h.version || '), the log says '
        || coalesce(t.stands, 'nothing') || ' after ' || coalesce(t.entries, 0) || ' entries' AS what
    FROM referral.hand_off h LEFT JOIN told t ON t.object_type = 'hand_off' AND t.object_id = h.id
    WHERE t.entries IS DISTINCT FROM h.version::bigint OR t.stands IS DISTINCT FROM h.state
UNION ALL
SELECT 'panel ' || coalesce(d.id, t.object_id), 'it is recorded ' || (d.id IS NOT NULL)::int || ' times, the log tells it ' || coalesce(t.entries, 0) || ' times'
    FROM referral.panel_decision d FULL JOIN (SELECT * FROM told WHERE object_type = 'panel') t ON t.object_id = d.id
    WHERE d.id IS NULL OR t.entries IS DISTINCT FROM 1
UNION ALL
SELECT 'proposal ' || coalesce(p.id, t.object_id), 'it has its answer or none (' || coalesce(p.answer, 'open') || '), the log has ' || coalesce(t.entries, 0) || ' entries'
    FROM referral.proposal p FULL JOIN (SELECT * FROM told WHERE object_type = 'proposal') t ON t.object_id = p.id
    WHERE t.entries IS DISTINCT FROM CASE WHEN p.id IS NULL THEN 0 WHEN p.answer IS NULL THEN 1 ELSE 2 END
UNION ALL
SELECT 'exclusion ' || coalesce(x.id, t.object_id), 'it stands or is lifted, the log has ' || coalesce(t.entries, 0) || ' entries'
    FROM referral.exclusion x FULL JOIN (SELECT * FROM told WHERE object_type = 'exclusion') t ON t.object_id = x.id
    WHERE t.entries IS DISTINCT FROM CASE WHEN x.id IS NULL THEN 0 WHEN x.lifted_at IS NULL THEN 1 ELSE 2 END
UNION ALL
SELECT 'hold ' || coalesce(o.id, t.object_id), 'it stands or is lifted, the log has ' || coalesce(t.entries, 0) || ' entries'
    FROM referral.legal_hold o FULL JOIN (SELECT * FROM told WHERE object_type = 'hold') t ON t.object_id = o.id
    WHERE t.entries IS DISTINCT FROM CASE WHEN o.id IS NULL THEN 0 WHEN o.lifted_at IS NULL THEN 1 ELSE 2 END
UNION ALL
SELECT 'case ' || coalesce(c.id, e.object_id), CASE WHEN c.id IS NULL THEN 'the log says it was erased, and it was not' ELSE 'it is erased, and the log does not say so' END
    FROM (SELECT id FROM referral.case WHERE erased_at IS NOT NULL) c FULL JOIN (SELECT * FROM entry WHERE act = 'case.erased') e ON e.object_id = c.id
    WHERE c.id IS NULL OR e.object_id IS NULL
UNION ALL
SELECT 'person ' || coalesce(p.id, e.object_id), CASE WHEN p.id IS NULL THEN 'the log says it was erased, and it was not' ELSE 'it is erased, and the log does not say so' END
    FROM (SELECT p.id, c.erased_at IS NOT NULL AS whole FROM referral.person p JOIN referral.case c ON c.id = p.case_id WHERE p.erased_at IS NOT NULL) p
        FULL JOIN (SELECT * FROM entry WHERE act = 'person.erased') e ON e.object_id = p.id
    WHERE p.id IS NULL OR (e.object_id IS NULL AND NOT p.whole)
UNION ALL
SELECT 'erasure ' || coalesce(x.id, e.object_id), 'it stands, or the log tells of it, and not both'
    FROM referral.erasure x FULL JOIN (SELECT * FROM entry WHERE act IN ('case.erased', 'person.erased')) e ON e.object_id = coalesce(x.person_id, x.case_id)
    WHERE x.id IS NULL OR e.object_id IS NULL
UNION ALL
SELECT 'case ' || coalesce(k.case_id, e.object_id), 'its period was noted, or the log tells of it, and not both'
    FROM referral.retention k FULL JOIN (SELECT * FROM entry WHERE act = 'case.retention_passed') e ON e.object_id = k.case_id
    WHERE k.case_id IS NULL OR e.object_id IS NULL
UNION ALL
SELECT 'glass ' || coalesce(g.id, t.object_id), 'it is at version ' || coalesce(g.version, 0) || ', the log has ' || coalesce(t.entries, 0) || ' entries'
    FROM referral.glass g FULL JOIN (SELECT * FROM told WHERE object_type = 'glass') t ON t.object_id = g.id
    WHERE g.version::bigint IS DISTINCT FROM t.entries
UNION ALL
SELECT 'override ' || coalesce(o.id, t.object_id), 'it is recorded ' || (o.id IS NOT NULL)::int || ' times, the log tells it ' || coalesce(t.entries, 0) || ' times'
    FROM referral.screening_override o FULL JOIN (SELECT * FROM told WHERE object_type = 'screening') t ON t.object_id = o.id
    WHERE o.id IS NULL OR t.entries IS DISTINCT FROM 1
UNION ALL
SELECT 'consent ' || coalesce(c.id, t.object_id), 'it is ' || CASE WHEN c.id IS NULL THEN 'not there' WHEN c.withdrawn_at IS NULL THEN 'given' ELSE 'taken back' END || ', the log has ' || coalesce(t.entries, 0) || ' entries'
    FROM referral.consent c FULL JOIN (SELECT * FROM told WHERE object_type = 'consent') t ON t.object_id = c.id
    WHERE t.entries IS DISTINCT FROM CASE WHEN c.id IS NULL THEN 0 WHEN c.withdrawn_at IS NULL THEN 1 ELSE 2 END
UNION ALL
SELECT 'attachment ' || coalesce(a.id, t.object_id), 'it is ' || coalesce(a.state, 'not there') || ', the log says ' || coalesce(t.stands, 'nothing') || ' after ' || coalesce(t.entries, 0) || ' entries'
    FROM referral.attachment a FULL JOIN (SELECT * FROM told WHERE object_type = 'attachment') t ON t.object_id = a.id
    WHERE a.state IS DISTINCT FROM t.stands OR t.entries IS DISTINCT FROM CASE a.state WHEN 'quarantined' THEN 1 ELSE 2 END
UNION ALL
SELECT 'meeting ' || coalesce(m.id, t.object_id), 'it is at version ' || coalesce(m.version, 0) || ', the log has ' || coalesce(t.entries, 0) || ' entries'
    FROM referral.meeting m FULL JOIN (SELECT * FROM told WHERE object_type = 'meeting') t ON t.object_id = m.id
    WHERE m.version::bigint IS DISTINCT FROM t.entries
UNION ALL
SELECT 'operation ' || coalesce(o.id, t.object_id), 'it is at version ' || coalesce(o.version, 0) || ', the log has ' || coalesce(t.entries, 0) || ' entries'
    FROM referral.operation o FULL JOIN (SELECT * FROM told WHERE object_type = 'operation') t ON t.object_id = o.id
    WHERE o.version::bigint IS DISTINCT FROM t.entries
UNION ALL
SELECT 'referral ' || r.id, 'it is at version ' || r.version || ' held by ' || r.holder_unit || ', the log has '
        || coalesce(t.entries, 0) || ' entries and says ' || coalesce(t.custody, 'nothing')
    FROM referral.referral r JOIN referral.case c ON c.id = r.case_id
        LEFT JOIN told t ON t.object_type = 'referral' AND t.object_id = r.id
    WHERE t.entries IS DISTINCT FROM r.version::bigint OR t.custody IS DISTINCT FROM r.holder_unit::text
UNION ALL
SELECT 'referral ' || r.id, 'it is ' || r.state || ', the log says otherwise'
    FROM referral.referral r LEFT JOIN told t ON t.object_type = 'referral' AND t.object_id = r.id
    WHERE coalesce(t.closed, false) <> (r.state = 'closed')
UNION ALL
SELECT 'case ' || c.id, 'it is at version ' || c.version || ', its stream at ' || coalesce(s.seq::text, 'nothing')
    FROM referral.case c LEFT JOIN referral.stream_head s ON s.subject = c.id AND s.country = c.country WHERE s.seq IS DISTINCT FROM c.version
UNION ALL
SELECT 'case ' || c.id, 'it has ' || (SELECT count(*) FROM referral.event v WHERE v.case_id = c.id) || ' events, the log '
        || (SELECT count(*) FROM referral.audit_entry e WHERE e.object_id = c.id AND e.act = 'event.recorded')
    FROM referral.case c WHERE (SELECT count(*) FROM referral.event v WHERE v.case_id = c.id)
        <> (SELECT count(*) FROM referral.audit_entry e WHERE e.object_id = c.id AND e.act = 'event.recorded')
UNION ALL
SELECT 'case ' || c.id, 'it has ' || (SELECT count(*) FROM referral.note n WHERE n.case_id = c.id AND n.kind = 'note') || ' notes, the log says otherwise'
    FROM referral.case c WHERE (SELECT count(*) FROM referral.note n WHERE n.case_id = c.id AND n.kind = 'note')
        <> (SELECT count(*) FROM referral.audit_entry e WHERE e.object_id = c.id AND e.act = 'note.added')
UNION ALL
SELECT 'case ' || coalesce(c.id, m.object_id), 'it is merged into ' || coalesce(c.duplicate_of::text, 'none') || ', the log says ' || coalesce(m.stands, 'none')
    FROM (SELECT id, duplicate_of FROM referral.case WHERE duplicate_of IS NOT NULL) c FULL JOIN (SELECT * FROM entry WHERE act = 'case.merged') m ON m.object_id = c.id
    WHERE c.duplicate_of::text IS DISTINCT FROM m.stands
UNION ALL
SELECT t.object_type || ' ' || t.object_id, 'the log speaks of it, but it is not there'
    FROM told t WHERE (t.object_type = 'hand_off' AND NOT EXISTS (SELECT FROM referral.hand_off h WHERE h.id = t.object_id))
        OR (t.object_type = 'referral' AND NOT EXISTS (SELECT FROM referral.referral r WHERE r.id = t.object_id))
        OR (t.object_type = 'case' AND NOT EXISTS (SELECT FROM referral.case c WHERE c.id = t.object_id))
"""

# Who may see what follows from the effects. A party that does not was put there by hand, and opens a
# case to somebody; one that is missing takes it from those who must act.
_PARTIES = """
SELECT 'case ' || p.case_id AS place, 'a ' || p.relationship || ' with ' || array_to_string(p.groups, ', ') || ' that no act has made' AS what
    FROM referral.party p JOIN referral.referral r ON r.id = p.referral_id JOIN referral.case c ON c.id = r.case_id
        LEFT JOIN referral.hand_off h ON h.id = p.hand_off_id
    WHERE p.until IS NULL AND (p.case_id = r.case_id AND p.country = r.country AND (h.id IS NULL OR h.referral_id = r.id) AND CASE p.relationship
        WHEN 'holder' THEN p.unit_id = r.holder_unit AND p.hand_off_id IS NOT DISTINCT FROM r.custody
            AND (r.custody IS NULL OR p.groups <@ (h.travels || '{G0,G1,G5}'))
        WHEN 'past_holder' THEN p.groups = '{G0}' AND (p.unit_id = coalesce(h.receiver_unit, c.filed_by_unit) OR (h.id IS NULL
            AND EXISTS (SELECT FROM referral.audit_entry e WHERE e.object_id = r.id AND e.act = 'referral.custody_moved' AND substring(e.header from '"to":"([^"]*)"') = p.unit_id::text)))
        WHEN 'pending' THEN p.unit_id = h.receiver_unit AND h.state IN ('requested', 'received') AND p.groups = '{G0,G1}'
        WHEN 'participant' THEN p.unit_id = h.receiver_unit AND h.kind <> 'custody' AND p.groups <@ h.travels
            AND h.state IN ('received', 'accepted', 'in-progress', 'on-hold')
        WHEN 'consented' THEN p.unit_id = h.receiver_unit AND p.groups <@ h.travels AND p.groups <@ '{G2,G3,G4}'
            AND EXISTS (SELECT FROM referral.consent k WHERE k.id = p.consent_id AND k.referral_id = r.id AND k.withdrawn_at IS NULL)
        WHEN 'past_recipient' THEN p.unit_id = h.receiver_unit AND p.groups = '{OWN}'
        WHEN 'sender' THEN p.unit_id = h.sender_unit AND p.groups IN ('{G0}', '{OWN}')
        WHEN 'break_glass' THEN p.sealed AND NOT 'G5' = ANY (p.groups) AND EXISTS (SELECT FROM referral.glass g WHERE g.case_id = p.case_id AND g.unit_id = p.unit_id AND g.ends_at = p.expires_at)
        ELSE false END
        AND p.barred @> ARRAY(SELECT x.excluded FROM referral.exclusion x WHERE x.case_id = p.case_id AND x.lifted_at IS NULL)) IS NOT TRUE
UNION ALL
SELECT 'referral ' || r.id, 'nobody, or more than one, is party to it as its holder'
    FROM referral.referral r JOIN referral.person w ON w.id = r.person_id
    WHERE (SELECT count(*) FROM referral.party p WHERE p.case_id = r.case_id AND p.referral_id = r.id AND p.relationship = 'holder' AND p.until IS NULL) <> (w.erased_at IS NULL)::int
UNION ALL
SELECT 'referral ' || r.id, 'its person is erased, and somebody is still party to it'
    FROM referral.referral r JOIN referral.person w ON w.id = r.person_id
    WHERE w.erased_at IS NOT NULL AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = r.case_id AND p.referral_id = r.id AND p.until IS NULL)
UNION ALL
SELECT 'hand-off ' || h.id, 'it is ' || h.state || ', and who was asked is no party to it'
    FROM referral.hand_off h
    WHERE NOT h.imported AND (h.kind <> 'custody' OR h.state IN ('requested', 'received')) AND h.state IN ('requested', 'received', 'accepted', 'in-progress', 'on-hold')
        AND NOT EXISTS (SELECT FROM referral.party p WHERE p.hand_off_id = h.id AND p.unit_id = h.receiver_unit AND p.relationship IN ('pending', 'participant') AND p.until IS NULL)
"""

_EFFECTS = """
SELECT (SELECT count(*) FROM referral.hand_off) + (SELECT count(*) FROM referral.referral)
    + (SELECT count(*) FROM referral.panel_decision) + (SELECT count(*) FROM referral.case) + (SELECT count(*) FROM referral.event)
"""


async def _reconcile(connection: asyncpg.Connection, findings: Findings) -> None:
    findings.effects = await connection.fetchval(_EFFECTS)
    for question in (_DISAGREEMENTS, _PARTIES):
        for row in await connection.fetch(question):
            findings.found(row["place"], row["what"])
