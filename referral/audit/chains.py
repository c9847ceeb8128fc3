"""The entries of some streams, read from end to end: is each what it was, and where it was?

Every stream is dense; each header hashes to its hash, names the hash before it and agrees with its
columns and its stream; every body is the ciphertext its header names; the stream ends where its head
says. On the way the leaf of each entry is laid down at its place in the tree, for ``roots``. Read
without any key; several readers may share one log, each with its own streams.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg
import orjson

from referral.audit import GENESIS, VERSION
from referral.audit.findings import Findings
from referral.audit.forgotten import Forgotten
from referral.audit.proof import HASH, leaf_hash

_BATCH: Final = 2_000
_TIME: Final = len("2026-01-01T00:00:00.000000Z")

_ENTRIES: Final = """
SELECT e.id::text, e.stream_id::text, e.seq, e.country, e.header, e.hash, e.at, e.act, e.actor,
    e.agency_id::text, e.object_type, e.object_id::text, b.content, b.subject::text,
    b.country AS body_country, p.epoch, p.position
FROM referral.audit_entry e LEFT JOIN referral.audit_body b ON b.entry_id = e.id
    LEFT JOIN log.position p ON p.entry_id = e.id
WHERE e.stream_id >= $1 AND e.stream_id <= $2
ORDER BY e.stream_id, e.seq, p.epoch  -- an entry may have a place in more than one tree
"""

_HEADS: Final = """
SELECT stream_id::text, kind, subject::text, country, seq, hash, at FROM referral.stream_head
WHERE stream_id >= $1 AND stream_id <= $2
"""


@dataclass(frozen=True, slots=True)
class Streams:
    """The streams one reader reads: ids from ``first`` to ``last``, both included."""

    first: str = "00000000-0000-0000-0000-000000000000"
    last: str = "ffffffff-ffff-ffff-ffff-ffffffffffff"

    @classmethod
    def shared(cls, parts: int) -> list[Streams]:
        """All streams, in so many parts alike (their ids are random)."""
        edges = [(1 << 128) * part // parts for part in range(parts + 1)]
        ids = [f"{edge:032x}" for edge in edges[:-1]]
        ends = [f"{edge - 1:032x}" for edge in edges[1:]]
        return [cls(first, last) for first, last in zip(ids, ends, strict=True)]


@dataclass(frozen=True, slots=True)
class Leaves:
    """Leaf hashes of every tree, side by side: where each epoch begins, how long it is."""

    room: Any  # a writable buffer
    begins: Mapping[int, int]
    sizes: Mapping[int, int]

    def lay(self, epoch: int, position: int, leaf: bytes) -> bool:
        """Put a leaf down; False if there is no such place."""
        if not 0 <= position < self.sizes.get(epoch, 0):
            return False
        at = (self.begins[epoch] + position) * HASH
        self.room[at : at + HASH] = leaf
        return True


@dataclass(slots=True)
class _Walk:
    """Where the walk along one stream stands."""

    stream_id: str = ""
    entry: str = ""
    seq: int = 0
    hash: str = GENESIS
    at: str = ""


async def read_streams(
    connection: asyncpg.Connection,
    which: Streams,
    leaves: Leaves,
    findings: Findings,
) -> None:
    """Read these streams inside an open transaction."""
    heads = {row["stream_id"]: row for row in await connection.fetch(_HEADS, *_ends(which))}
    forgotten = await Forgotten.read(connection, *_ends(which))
    findings.streams += len(heads)
    walk, ended = _Walk(), dict[str, tuple[int, str, datetime | None]]()
    cursor = await connection.cursor(_ENTRIES, *_ends(which))
    while rows := await cursor.fetch(_BATCH):
        for row in rows:
            if row["stream_id"] != walk.stream_id:
                walk = _Walk(row["stream_id"])
                if walk.stream_id not in heads:
                    findings.found(f"stream {walk.stream_id}", "entries of a stream without a head")
            again = row["id"] == walk.entry  # the same entry, in the next tree
            wrong = [] if again else _wrong(row, walk, heads.get(walk.stream_id), forgotten)
            wrong += _placed(row, leaves)
            for what in wrong:
                findings.found(f"stream {walk.stream_id}, entry {row['seq']}", what)
            ended[walk.stream_id] = (walk.seq, walk.hash, row["at"])
            findings.placed += not again and row["position"] is not None
            findings.entries += not again
    for stream_id, head in heads.items():
        told = (head["seq"], head["hash"].hex(), head["at"])
        if told != ended.get(stream_id, (0, GENESIS, None)):
            findings.found(
                f"stream {stream_id}",
                f"its head says {head['seq']} entries, its entries end otherwise: the tail was cut "
                "or something was appended past the service",
            )


def _ends(which: Streams) -> tuple[str, str]:
    return which.first, which.last


def _placed(row: Any, leaves: Leaves) -> list[str]:
    """Lay the entry's leaf down at its place, if it has one yet."""
    if row["position"] is None:
        return []
    leaf = leaf_hash(row["header"].encode())
    laid = leaves.lay(row["epoch"], row["position"], leaf)
    return [] if laid else ["it has a place in no tree"]


def _wrong(row: Any, walk: _Walk, head: Any, forgotten: Forgotten) -> list[str]:
    """What is wrong with one entry; the walk goes on to it."""
    wrong: list[str] = []
    if row["seq"] != walk.seq + 1:
        wrong.append(f"entry {walk.seq + 1} is missing or was moved")
    told = row["header"].encode()
    if hashlib.sha256(told).digest() != row["hash"]:
        wrong.append("the header was changed: it does not hash to its hash")
    header = _header(told)
    if not header:
        wrong.append("the header is no header")
    if header.get("prev") != walk.hash:
        wrong.append("it does not follow the entry before it")
    if disagreeing := _columns(row, header):
        wrong.append(f"columns disagree with the header: {', '.join(disagreeing)}")
    at = str(header.get("at", ""))
    if at < walk.at:
        wrong.append("it claims to be older than the entry before it")
    wrong.extend(_body(row, header, forgotten))
    if head is not None:
        wrong.extend(_foreign(row, head))
    walk.entry, walk.seq, walk.hash, walk.at = row["id"], row["seq"], row["hash"].hex(), at
    return wrong


def _body(row: Any, header: Mapping[str, Any], forgotten: Forgotten) -> list[str]:
    if row["content"] is None:
        told = forgotten.says_so(row)
        return [] if told else ["its body is gone, and no erasure says so"]
    if hashlib.sha256(row["content"]).hexdigest() != header.get("body_sealed"):
        return ["its body was changed"]
    return []


def _header(told: bytes) -> dict[str, Any]:
    """The header as it was told; empty when somebody made it something else."""
    try:
        header = orjson.loads(told)
    except orjson.JSONDecodeError:
        return {}
    return header if isinstance(header, dict) else {}


_SAME: Final = (
    *(("id", "id"), ("stream", "stream_id"), ("seq", "seq"), ("act", "act"), ("actor", "actor")),
    *(("agency", "agency_id"), ("object_type", "object_type"), ("object", "object_id")),
)


def _columns(row: Any, header: Mapping[str, Any]) -> list[str]:
    """Columns that say another thing than the header: an index must not tell another story."""
    wrong = [name for name, column in _SAME if header.get(name) != row[column]]
    if header.get("v") != VERSION:
        wrong.append("v")
    if _moment(header.get("at")) != row["at"]:
        wrong.append("at")
    return sorted(wrong)


def _moment(told: Any) -> datetime | None:
    """A time as a header writes it: always as long, always UTC."""
    if not isinstance(told, str) or len(told) != _TIME or not told.endswith("Z"):
        return None
    try:
        return datetime.fromisoformat(told)
    except ValueError:
        return None


def _foreign(row: Any, head: Any) -> list[str]:
    """What no header says: whose stream this is, in which country, and whose key opens a body.

    An entry moved to another country would be hidden from those who watch over this one.
    """
    wrong = []
    if row["country"] != head["country"]:
        wrong.append("it stands in another country than its stream")
    if head["kind"] == "member" and row["actor"] != head["subject"]:
        wrong.append("it is in the own stream of somebody else")
    if row["content"] is not None and (row["subject"], row["body_country"]) != (
        head["subject"],
        head["country"],
    ):
        wrong.append("its body stands under another subject or country")
    return wrong
