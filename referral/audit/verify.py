"""Is the log what it was, and does it say what happened? Read-only, and without any key.

Four questions, in one snapshot. *Chains*: is every entry what it was, where it was (``chains``)?
*Trees*: do the entries lead to every root that was signed (``roots``)? *Declared*: are epochs and
witnesses those the log tells of (``declared``)? *Reconciliation*: every effect
has its entry and every entry its effect, in both directions, so that a tail cut off together with
everything that speaks of it still shows in the effects; and who may see what follows from the
effects alone. A history rewritten from end to end, effects and signatures included, takes a
checkpoint seen earlier, elsewhere: a witness's, or a receipt's.
"""

from __future__ import annotations

import asyncio
import math
import mmap
import multiprocessing
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Final

import asyncpg

from referral.audit.chains import Leaves, Streams, read_streams
from referral.audit.declared import check_declared
from referral.audit.findings import Findings
from referral.audit.proof import HASH
from referral.audit.roots import Trusted, check_trees, sizes_of

_FEW: Final = 50_000  # entries one reader reads sooner than others have started
_PART: Final = (
    150_000  # entries a reader takes on at a time: sorted in memory, and shown as progress
)

# Everything is read once: sorted in memory where it fits, and no plan is worth compiling.
_ROOM: Final = "SET LOCAL work_mem = '256MB'; SET LOCAL jit = off"
_COUNT: Final = "SELECT count(*) FROM referral.audit_entry"
Progress = Callable[[int, int], None]


async def verify(
    url: str, progress: Progress | None = None, trusted: Trusted | None = None
) -> Findings:
    """Verify everything. ``url``: as ``referral_auditor_ro`` (or stronger).

    ``progress`` is told (entries read, entries in all). ``trusted``: keys and checkpoints from
    elsewhere; without them the trees are judged by the keys that stand in the database. Raises
    OSError when nothing answers.
    """
    async with _snapshot(url) as connection:
        return await verify_within(connection, progress, trusted, url=url)


async def verify_within(
    connection: asyncpg.Connection,
    progress: Progress | None = None,
    trusted: Trusted | None = None,
    *,
    url: str | None = None,
) -> Findings:
    """As ``verify``, in the connection's transaction; without ``url`` nobody else helps to read."""
    findings = Findings()
    sizes = await sizes_of(connection, findings)
    begins = dict(zip(sizes, accumulate(sizes.values(), initial=0), strict=False))
    with tempfile.NamedTemporaryFile() as room:
        room.truncate(max(1, sum(sizes.values()) * HASH))
        asked = _Asked(url or "", room.name, begins, sizes)
        total = await connection.fetchval(_COUNT)
        if url is None or total <= _FEW:
            findings.add(await _read(connection, Streams(), asked))
            await _reconcile(connection, findings)
        else:
            asked.snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
            parts = Streams.shared(math.ceil(total / _PART))
            await asyncio.gather(
                _share(asked, parts, findings, lambda: _tell(progress, findings, total)),
                _reconcile(connection, findings),
            )
        _tell(progress, findings, total)
        with _leaves(asked) as leaves:
            await check_trees(connection, leaves, findings, trusted or Trusted())
        await check_declared(connection, findings, (trusted or Trusted()).custodians)
    return findings


@dataclass(slots=True)
class _Asked:
    """What a reader has to know: which log, in which moment, and where leaves are laid down."""

    url: str
    room: str
    begins: dict[int, int]
    sizes: dict[int, int]
    snapshot: str | None = None


@asynccontextmanager
async def _snapshot(url: str, of: str | None = None) -> AsyncIterator[asyncpg.Connection]:
    """One moment of the log; ``of``: the very moment another reader is in."""
    connection = await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            if of is not None:
                await connection.execute(f"SET TRANSACTION SNAPSHOT '{of}'")
            await connection.execute(_ROOM)
            yield connection
    finally:
        await connection.close()


@contextmanager
def _leaves(asked: _Asked) -> Iterator[Leaves]:
    with Path(asked.room).open("r+b") as file, mmap.mmap(file.fileno(), 0) as room:
        yield Leaves(room, asked.begins, asked.sizes)


async def _read(connection: asyncpg.Connection, which: Streams, asked: _Asked) -> Findings:
    findings = Findings()
    with _leaves(asked) as leaves:
        await read_streams(connection, which, leaves, findings)
    return findings


async def _share(
    asked: _Asked, parts: list[Streams], findings: Findings, tell: Callable[[], None]
) -> None:
    """Readers side by side, one a core: each takes the next streams when it has done with some."""
    loop = asyncio.get_running_loop()
    apart = multiprocessing.get_context("spawn")  # a fork would carry this loop's connections along
    with ProcessPoolExecutor(mp_context=apart) as readers:
        reading = [loop.run_in_executor(readers, _read_apart, asked, which) for which in parts]
        for part in asyncio.as_completed(reading):
            findings.add(await part)
            tell()


def _read_apart(asked: _Asked, which: Streams) -> Findings:
    async def read() -> Findings:
        async with _snapshot(asked.url, asked.snapshot) as connection:
            return await _read(connection, which, asked)

    return asyncio.run(read())


def _tell(progress: Progress | None, findings: Findings, total: int) -> None:
    if progress is not None:
        progress(findings.entries, total)


# Each row is one effect that disagrees with the log. ``refused`` entries are about an object but
# change nothing, so they are not counted against its version. The header is read as text: one that
# was made unreadable is a finding of the chain, and must not keep this question from being asked.
_DISAGREEMENTS = r"""
WITH entry AS (
    SELECT object_type, object_id, seq, act, substring(header from '"to":"([^"]*)"') AS stands
    FROM referral.audit_entry WHERE act <> 'act.refused' AND act <> 'case.read' AND object_type <> 'member'
), told AS (
    -- The last word is the greatest of numbered words: no group has to be sorted for it.
    SELECT object_type, object_id, count(*) AS entries,
        substring(max(to_char(seq, 'FM000000000000') || stands) from 13) AS stands,
        substring(max(to_char(seq, 'FM000000000000') || stands) FILTER (WHERE act IN ('referral.opened', 'referral.custody_moved')) from 13) AS custody,
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
SELECT 'release ' || coalesce(r.id, t.object_id), 'it is ' || coalesce(r.answer, 'not there') || ' with its bytes or others, the log says ' || coalesce(t.stands, 'nothing') || ' after ' || coalesce(t.entries, 0) || ' entries'
    FROM (SELECT o.id, CASE WHEN f.order_id IS NOT NULL THEN 'failed' WHEN r.id IS NULL THEN 'asked' ELSE coalesce(a.answer, 'prepared') END AS answer,
            1 + num_nonnulls(f.order_id, r.id, a.release_id) AS entries
        FROM referral.release_order o LEFT JOIN referral.release_failure f ON f.order_id = o.id LEFT JOIN referral.release r ON r.id = o.id
            LEFT JOIN referral.release_answer a ON a.release_id = o.id) r
    FULL JOIN (SELECT * FROM told WHERE object_type = 'release') t ON t.object_id = r.id
    WHERE t.stands IS DISTINCT FROM r.answer OR t.entries IS DISTINCT FROM r.entries::bigint
UNION ALL
SELECT 'proposal ' || coalesce(p.id, t.object_id), 'it has its answer or none (' || coalesce(p.answer, 'open') || '), the log has ' || coalesce(t.entries, 0) || ' entries'
    FROM referral.proposal p FULL JOIN (SELECT * FROM told WHERE object_type = 'proposal') t ON t.object_id = p.id
    WHERE t.entries IS DISTINCT FROM CASE WHEN p.id IS NULL THEN 0 WHEN p.answer IS NULL THEN 1 ELSE 2 END
UNION ALL
SELECT 'exclusion ' || coalesce(x.id, t.object_id), 'it stands or is lifted, the log has ' || coalesce(t.entries, 0) || ' entries'
    FROM referral.exclusion x FULL JOIN (SELECT * FROM told WHERE object_type = 'exclusion') t ON t.object_id = x.id
    WHERE t.entries IS DISTINCT FROM CASE WHEN x.id IS NULL THEN 0 WHEN x.lifted_at IS NULL THEN 1 ELSE 2 END
UNION ALL
SELECT 'bundle ' || coalesce(b.id, t.object_id), 'it is ' || CASE WHEN b.made_at IS NULL THEN 'not made' ELSE 'made' END || ', the log has ' || coalesce(t.entries, 0) || ' entries'
    FROM referral.bundle b FULL JOIN (SELECT * FROM told WHERE object_type = 'bundle') t ON t.object_id = b.id
    WHERE coalesce(t.entries, 0) <> (b.made_at IS NOT NULL)::int
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
SELECT 'calendar ' || coalesce(c.id, t.object_id), 'it is entered ' || (c.id IS NOT NULL)::int || ' times, the log tells it ' || coalesce(t.entries, 0) || ' times'
    FROM referral.calendar_change c FULL JOIN (SELECT * FROM told WHERE object_type = 'calendar') t ON t.object_id = c.id
    WHERE c.id IS NULL OR t.entries IS DISTINCT FROM 1
UNION ALL
SELECT 'meeting ' || coalesce(m.id, t.object_id), 'it is at version ' || coalesce(m.version, 0) || ', the log has ' || coalesce(t.entries, 0) || ' entries'
    FROM referral.meeting m FULL JOIN (SELECT * FROM told WHERE object_type = 'meeting') t ON t.object_id = m.id
    WHERE m.version::bigint IS DISTINCT FROM t.entries
UNION ALL
SELECT 'operation ' || coalesce(o.id, t.object_id), 'it is at version ' || coalesce(o.version, 0) || ', the log has ' || coalesce(t.entries, 0) || ' entries'
    FROM referral.operation o FULL JOIN (SELECT * FROM told WHERE object_type = 'operation') t ON t.object_id = o.id
    WHERE o.version::bigint IS DISTINCT FROM t.entries
UNION ALL
SELECT 'webhook ' || coalesce(w.id, t.object_id), 'it is at version ' || coalesce(w.version, 0) || ', the log has ' || coalesce(t.entries, 0) || ' entries'
    FROM referral.webhook w FULL JOIN (SELECT * FROM told WHERE object_type = 'webhook') t ON t.object_id = w.id
    WHERE w.version::bigint IS DISTINCT FROM t.entries
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
