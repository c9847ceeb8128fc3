"""A long honest log, written straight into the tables: streams, entries, tree, one checkpoint."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from referral.audit import GENESIS, OPERATOR, Author, Done, Draft, Head, append
from referral.audit.declared import witness_id
from referral.audit.merkle import Frontier, Tile, grown
from referral.audit.proof import HASH, Checkpoint, Key, leaf_hash, signed_by
from referral.vault import SubjectKey

ORIGIN = "log.bench.example/1"
SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(32))
KEY = Key(ORIGIN, 1, SIGNER.public_key().public_bytes_raw())
WITNESSES = {
    name: Ed25519PrivateKey.from_private_bytes(bytes([n + 1] * 32))
    for n, name in enumerate(("labour", "police", "social"))
}
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
_TOGETHER = 20_000
_ACTS = (Done.SIGNED_IN, Done.SIGNED_OUT, Done.STEPPED_UP)
_ENTRY = (
    *("id", "stream_id", "seq", "country", "header", "hash", "at", "act", "actor", "agency_id"),
    *("object_type", "object_id"),
)


@dataclass(slots=True)
class _Stream:
    """One member's own stream while it grows."""

    subject: UUID
    key: SubjectKey
    head: Head
    kind: str = "member"


async def write(connection: asyncpg.Connection, entries: int, *, seed: int = 1) -> None:
    """Write so many entries, about 25 a stream, as ``carry_out`` and the sequencer would have.

    ``connection``: of the superuser, to a migrated database with an empty log.
    """
    chance = random.Random(seed)  # noqa: S311 - which stream comes next, no secret
    streams = [_stream(chance) for _ in range(max(1, entries // 25))]
    system = replace(_stream(chance), kind="system")
    await connection.execute("SET session_replication_role = replica")
    edge, tiles = Frontier(), dict[Tile, bytes]()
    for first in range(0, entries, _TOGETHER):
        count = min(_TOGETHER, entries - first)
        enrolled = [] if first else list(_enrolled(system, count))
        rows = [*enrolled, *_rows(chance, streams, first + len(enrolled), count - len(enrolled))]
        await _copy(connection, "audit_entry", _ENTRY, [row[0] for row in rows])
        await _copy(
            connection,
            "audit_body",
            ("entry_id", "subject", "country", "key_version", "content"),
            [row[1] for row in rows],
        )
        places = [(1, first + n, row[0][0]) for n, row in enumerate(rows)]
        columns = ("epoch", "position", "entry_id")
        await _copy(connection, "position", columns, places, schema="log")
        leaves = [leaf_hash(row[0][4].encode()) for row in rows]
        tiles |= grown(edge.size, tiles, leaves)
        for leaf in leaves:
            edge.append(leaf)
    await _finish(connection, [system, *streams] if entries else streams, edge, tiles)


def _stream(chance: random.Random) -> _Stream:
    subject, stream = (UUID(int=chance.getrandbits(128), version=4) for _ in range(2))
    key = SubjectKey(subject, 1, chance.randbytes(32), chance.randbytes(32))
    return _Stream(subject, key, Head(stream, 0, GENESIS))


def _rows(
    chance: random.Random, streams: list[_Stream], first: int, count: int
) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    for n in range(count):
        one = chance.choice(streams)
        at = BEGUN + timedelta(milliseconds=200 * (first + n))
        draft = Draft(chance.choice(_ACTS), "member", one.subject, "self", body={"way": "passkey"})
        yield _row(one, draft, Author(str(one.subject), one.subject), at)


def _enrolled(system: _Stream, most: int) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """The first entries: that the witnesses were enrolled."""
    for name in list(WITNESSES)[:most]:
        its = witness_id(name, str(_key_of(name)), None, independent=True)
        draft = Draft(Done.WITNESS_ENROLLED, "witness", its, "self", occurred_at=BEGUN)
        yield _row(system, draft, OPERATOR, BEGUN)


def _key_of(name: str) -> Key:
    return Key(name, 4, WITNESSES[name].public_key().public_bytes_raw())


def _row(
    one: _Stream, draft: Draft, author: Author, at: datetime
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    [row], one.head = append(one.head, one.key, [draft], author=author, at=at)
    header = orjson.loads(row["header"])
    entry_id = UUID(row["id"])
    return (
        (
            *(entry_id, one.head.stream_id, header["seq"], "ZZ", row["header"]),
            *(bytes.fromhex(row["hash"]), one.head.at, header["act"], header["actor"]),
            *(author.agency, draft.object_type, draft.object_id),
        ),
        (entry_id, one.subject, "ZZ", 1, bytes.fromhex(row["content"])),
    )


async def _finish(
    connection: asyncpg.Connection, streams: list[_Stream], edge: Frontier, tiles: dict[Tile, bytes]
) -> None:
    heads = [
        (
            *(one.head.stream_id, one.kind, one.subject, "ZZ", one.head.seq),
            *(bytes.fromhex(one.head.hash), one.head.at),
        )
        for one in streams
    ]
    columns = ("stream_id", "kind", "subject", "country", "seq", "hash", "at")
    await _copy(connection, "stream_head", columns, heads)
    kept = [(1, tile.level, tile.number, hashes) for tile, hashes in tiles.items()]
    assert all(len(row[3]) % HASH == 0 for row in kept)
    await _copy(connection, "tile", ("epoch", "level", "number", "hashes"), kept, schema="log")
    text = str(Checkpoint(ORIGIN, edge.size, edge.root))
    note = text + "\n" + signed_by(SIGNER, ORIGIN, text)
    await connection.execute(
        "INSERT INTO log.epoch (epoch, origin, signer, opened_at) VALUES (1, $1, $2, $3)",
        *(ORIGIN, str(KEY), BEGUN),
    )
    await connection.execute(
        "INSERT INTO log.checkpoint VALUES (1, $1, $2, $3, $4, $4)",
        *(edge.size, edge.root, note, BEGUN),
    )
    for name, private in list(WITNESSES.items())[: edge.size]:
        await connection.execute(
            "INSERT INTO log.witness (name, key, independent, enrolled_at) VALUES ($1, $2, true, $3)",
            *(name, str(_key_of(name)), BEGUN),
        )
        await connection.execute(
            "INSERT INTO log.cosignature VALUES (1, $1, $2, $3, $4, $4)",
            *(edge.size, name, signed_by(private, name, text, BEGUN), BEGUN),
        )
    await connection.execute("SET session_replication_role = DEFAULT")
    await connection.execute("ANALYZE")


async def _copy(
    connection: asyncpg.Connection,
    table: str,
    columns: tuple[str, ...],
    rows: list[Any],
    schema: str = "referral",
) -> None:
    await connection.copy_records_to_table(
        table, schema_name=schema, columns=columns, records=rows, timeout=600
    )
